export type InvariantName =
  | 'run_not_terminal'
  | 'root_missing'
  | 'run_state_differs_from_root'
  | 'run_without_events'
  | 'events_without_run'
  | 'event_of_unknown_node_run'
  | 'event_seq_broken'
  | 'last_seq_differs'
  | 'run_started_not_first_or_not_once'
  | 'run_completed_not_once'
  | 'run_completed_not_last'
  | 'run_completed_state_differs'
  | 'node_run_open_in_terminal_run'
  | 'node_run_open_below_terminal_parent'
  | 'result_missing'
  | 'result_of_open_node_run'
  | 'executed_more_than_once'
  | 'succeeded_without_execution'
  | 'ready_row_left_over'
  | 'lease_left_over'
  | 'timer_left_over'
  | 'nobody_works_on_it';

/** A statement that finds what must not be: rows of run_id, node_run_id (null when the run is meant) and detail. */
export interface Invariant {
  readonly invariant: InvariantName;
  /** Tables that a database of an older version lacks. */
  readonly tables?: readonly string[];
  /** Holds only when all work has come to its end. */
  readonly onlySettled?: boolean;
  readonly statement: string;
}

const TERMINAL = `('succeeded', 'failed', 'canceled')`;
/** The heart of a coordinator beats every second; one that stood still for so long is dead or paused. */
const LIVING = `interval '10 seconds'`;
/** A cancel is told to executors after the run has ended. */
const NOTICE_PATIENCE = `interval '10 seconds'`;

export const INVARIANTS: readonly Invariant[] = [
  {
    invariant: 'run_not_terminal',
    onlySettled: true,
    statement: `
      select r.run_id, null as node_run_id,
             'is ' || r.state || ': ' || string_agg(n.node_type_id || ' ' || n.state || ' epoch ' || n.epoch || ' ' || n.node_run_id, ', ') as detail
        from runs r left join node_runs n on n.bucket = r.bucket and n.run_id = r.run_id
       where r.state not in ${TERMINAL} group by r.bucket, r.run_id, r.state order by r.run_id`,
  },
  {
    invariant: 'root_missing',
    statement: `
      select r.run_id, r.root_node_run_id as node_run_id, 'the run has no such root' as detail
        from runs r left join node_runs n on n.bucket = r.bucket and n.node_run_id = r.root_node_run_id and n.run_id = r.run_id
       where n.node_run_id is null`,
  },
  {
    invariant: 'run_state_differs_from_root',
    statement: `
      select r.run_id, n.node_run_id, 'run ' || r.state || ', root ' || n.state as detail
        from runs r join node_runs n on n.bucket = r.bucket and n.node_run_id = r.root_node_run_id
       where (r.state in ${TERMINAL} or n.state in ${TERMINAL}) and r.state <> n.state`,
  },
  {
    invariant: 'run_without_events',
    statement: `
      select r.run_id, null as node_run_id, 'is ' || r.state as detail from runs r
       where not exists (select 1 from run_events e where e.bucket = r.bucket and e.run_id = r.run_id)`,
  },
  {
    invariant: 'events_without_run',
    statement: `
      select distinct e.run_id, null as node_run_id, 'has events and no row' as detail from run_events e
       where not exists (select 1 from runs r where r.bucket = e.bucket and r.run_id = e.run_id)`,
  },
  {
    invariant: 'event_of_unknown_node_run',
    statement: `
      select e.run_id, e.node_run_id, 'event ' || e.seq || ' ' || e.type as detail
        from run_events e left join node_runs n on n.bucket = e.bucket and n.node_run_id = e.node_run_id and n.run_id = e.run_id
       where e.node_run_id is not null and n.node_run_id is null`,
  },
  {
    // The primary key holds the time too: it does not rule out a seq that is there twice.
    invariant: 'event_seq_broken',
    statement: `
      select run_id, null as node_run_id, 'seqs ' || string_agg(seq::text, ',' order by seq) as detail
        from run_events group by bucket, run_id
      having min(seq) <> 1 or max(seq) <> count(*) or count(distinct seq) <> count(*)`,
  },
  {
    invariant: 'last_seq_differs',
    statement: `
      select r.run_id, null as node_run_id, 'last_seq ' || r.last_seq || ', ' || count(e.seq) || ' events' as detail
        from runs r left join run_events e on e.bucket = r.bucket and e.run_id = r.run_id
       group by r.bucket, r.run_id, r.last_seq having r.last_seq <> count(e.seq)`,
  },
  {
    invariant: 'run_started_not_first_or_not_once',
    statement: `
      select run_id, null as node_run_id, 'run_started at ' || coalesce(string_agg(seq::text, ',' order by seq)
               filter (where type = 'run_started'), 'no seq') as detail
        from run_events group by bucket, run_id
      having count(*) filter (where type = 'run_started') <> 1
          or min(seq) <> min(seq) filter (where type = 'run_started')`,
  },
  {
    invariant: 'run_completed_not_once',
    statement: `
      select r.run_id, null as node_run_id, count(e.seq) || ' times in a run that is ' || r.state as detail
        from runs r left join run_events e on e.bucket = r.bucket and e.run_id = r.run_id and e.type = 'run_completed'
       group by r.bucket, r.run_id, r.state
      having count(e.seq) <> case when r.state in ${TERMINAL} then 1 else 0 end`,
  },
  {
    invariant: 'run_completed_not_last',
    statement: `
      select run_id, null as node_run_id, 'seq ' || min(seq) filter (where type = 'run_completed') || ' of ' || max(seq) as detail
        from run_events group by bucket, run_id
      having min(seq) filter (where type = 'run_completed') < max(seq)`,
  },
  {
    invariant: 'run_completed_state_differs',
    statement: `
      select r.run_id, null as node_run_id, 'event ' || coalesce(e.data ->> 'state', 'none') || ', row ' || r.state as detail
        from runs r join run_events e on e.bucket = r.bucket and e.run_id = r.run_id and e.type = 'run_completed'
       where e.data ->> 'state' is distinct from r.state`,
  },
  {
    invariant: 'node_run_open_in_terminal_run',
    statement: `
      select n.run_id, n.node_run_id, n.state || ' in a run that is ' || r.state as detail
        from node_runs n join runs r on r.bucket = n.bucket and r.run_id = n.run_id
       where r.state in ${TERMINAL} and n.state not in ${TERMINAL}`,
  },
  {
    invariant: 'node_run_open_below_terminal_parent',
    statement: `
      select n.run_id, n.node_run_id, n.state || ' below ' || p.node_run_id || ', which is ' || p.state as detail
        from node_runs n join node_runs p on p.bucket = n.bucket and p.node_run_id = n.parent_node_run_id
       where p.state in ${TERMINAL} and n.state not in ${TERMINAL}`,
  },
  {
    invariant: 'result_missing',
    statement: `
      select n.run_id, n.node_run_id, 'is ' || n.state || ' without a result' as detail
        from node_runs n left join node_run_results x on x.bucket = n.bucket and x.node_run_id = n.node_run_id
       where n.state in ${TERMINAL} and x.node_run_id is null`,
  },
  {
    // Two results of one node run are ruled out by the primary key; one that came before the end is not.
    invariant: 'result_of_open_node_run',
    statement: `
      select n.run_id, n.node_run_id, 'is ' || n.state || ' with a result' as detail
        from node_runs n join node_run_results x on x.bucket = n.bucket and x.node_run_id = n.node_run_id
       where n.state not in ${TERMINAL}`,
  },
  {
    invariant: 'executed_more_than_once',
    statement: `
      select run_id, node_run_id, count(*) || ' atomic_executed events' as detail
        from run_events where type = 'atomic_executed' group by run_id, node_run_id having count(*) > 1`,
  },
  {
    invariant: 'succeeded_without_execution',
    statement: `
      select n.run_id, n.node_run_id, 'has no atomic_executed event' as detail from node_runs n
       where n.kind = 'atomic' and n.state = 'succeeded'
         and not exists (select 1 from run_events e where e.bucket = n.bucket and e.run_id = n.run_id
                            and e.node_run_id = n.node_run_id and e.type = 'atomic_executed')`,
  },
  {
    invariant: 'ready_row_left_over',
    tables: ['ready'],
    statement: `
      select coalesce(n.run_id, '') as run_id, d.node_run_id, 'ready, but ' || coalesce(n.state, 'unknown') as detail
        from ready d left join node_runs n on n.bucket = d.bucket and n.node_run_id = d.node_run_id
       where n.node_run_id is null or n.state in ${TERMINAL}`,
  },
  {
    invariant: 'lease_left_over',
    tables: ['leases'],
    statement: `
      select l.run_id, l.node_run_id, 'held by ' || l.owner || ', but ' || coalesce(n.state, 'unknown') as detail
        from leases l left join node_runs n on n.bucket = l.bucket and n.node_run_id = l.node_run_id
       where n.node_run_id is null or n.state in ${TERMINAL}`,
  },
  {
    invariant: 'timer_left_over',
    tables: ['timers'],
    statement: `
      select t.run_id, nullif(t.node_run_id, '') as node_run_id, t.kind || ' of a run that is ' || coalesce(r.state, 'unknown') as detail
        from timers t left join runs r on r.bucket = t.bucket and r.run_id = t.run_id
       where (r.run_id is null or r.state in ${TERMINAL})
         and (t.kind <> 'cancel_notice' or t.due_at < now() - ${NOTICE_PATIENCE})`,
  },
  {
    // What waits for an approval is parked on purpose; a composite that runs is its executor's, until its deadline.
    invariant: 'nobody_works_on_it',
    tables: ['ready', 'leases', 'timers', 'coordinators'],
    statement: `
      select n.run_id, n.node_run_id, coalesce(n.kind, 'kind unknown') || ' ' || n.state || ' since ' || n.created_at as detail
        from node_runs n
       where n.state not in ${TERMINAL}
         and not exists (select 1 from ready d where d.bucket = n.bucket and d.node_run_id = n.node_run_id)
         and not exists (select 1 from leases l join coordinators c on c.coordinator_id = l.owner
                          where l.bucket = n.bucket and l.node_run_id = n.node_run_id and c.heartbeat_at > now() - ${LIVING})
         and not (n.kind = 'composite' and n.state = 'running'
                  and exists (select 1 from timers t where t.bucket = n.bucket and t.node_run_id = n.node_run_id))
         and not (n.state = 'queued'
                  and exists (select 1 from run_events e where e.bucket = n.bucket and e.run_id = n.run_id
                                 and e.node_run_id = n.node_run_id and e.type = 'policy_decided'
                                 and e.data ->> 'decision' = 'require_approval'))`,
  },
];
