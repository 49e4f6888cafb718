/**
 * The figures as tables for people, in Markdown.
 *
 * @param {object} report what is written as JSON, see bench.mjs
 */
export function present({ date, commit, environment, options, results, failure }) {
  const { node, cpus, load_average, postgres, fsync, fdatasync_ms, data_in_memory } = environment;
  const parts = [
    `arp-jarvis bench, ${date}${commit === undefined ? '' : `, commit ${commit}`}`,
    `Node ${node}, ${cpus} CPUs (load average before: ${load_average.toFixed(1)}), PostgreSQL ${postgres}, fsync ${fsync}; one fdatasync takes ${ms(fdatasync_ms)} ms` +
      `${data_in_memory ? ' (the data folder is in memory: it costs nothing)' : ''}`,
    `${options.seconds} s per level${options.quick ? ', quick' : ''}; load generator, suite and PostgreSQL share the CPUs`,
    ...Object.entries(options.set).map(([name, value]) => `with ${name}=${value}`),
  ];
  const sections = Object.entries(results).flatMap(([name, result]) => ['', ...PRESENTERS[name](result, results)]);
  const checked = Object.values(results).reduce((sum, { checked_runs = 0 }) => sum + checked_runs, 0);
  const verdict =
    failure === undefined
      ? `All ${checked} runs of echo and composite had the right events and results.`
      : 'FAILED; the figures are incomplete.';
  return [...parts, ...sections, '', verdict, ''].join('\n');
}

/** Runs per caller below which a rate is marked with ~. */
const ROUNDS = 10;

const PRESENTERS = {
  echo: ({ levels, rows_written_per_run }) => [
    'Echo runs, from start to succeeded',
    '',
    ...levelTable(levels),
    '',
    `Rows per run: ${rowsText(rows_written_per_run)}.`,
  ],
  ceiling: (ceiling, { echo }) => {
    const suite = echo?.levels.find(({ callers }) => callers === ceiling.callers);
    return [
      `Ceiling: the same rows by plain SQL with group commit, ${ceiling.callers} callers`,
      '',
      ...table(
        ['', 'runs/s', 'transactions per run', 'rows per run'],
        [
          [
            'plain SQL',
            rate(ceiling.runs_per_second),
            ratio(ceiling.transactions_per_run),
            rowsText(ceiling.rows_written_per_run),
          ],
          ...(suite === undefined
            ? []
            : [
                [
                  'the suite',
                  rate(suite.runs_per_second),
                  ratio(suite.transactions_per_run),
                  rowsText(echo.rows_written_per_run),
                ],
              ]),
        ],
      ),
      ...(suite === undefined
        ? []
        : [
            '',
            `Ratio, suite to ceiling: ${roughly(suite)}${(suite.runs_per_second / ceiling.runs_per_second).toFixed(3)}.`,
          ]),
    ];
  },
  composite: ({ skipped, levels }) => [
    'Runs of a composite with 3 echo nodes, from start to succeeded',
    '',
    ...(skipped === undefined ? levelTable(levels) : [`SKIPPED: ${skipped}.`]),
  ],
  idle: ({ coordinators, seconds, transactions, transactions_per_second }) => [
    `Idle, ${coordinators} coordinator: ${transactions_per_second.toFixed(2)} transactions/s (${transactions} in ${seconds.toFixed(0)} s; a statement by itself is one).`,
  ],
  memory: ({ open_runs, resident_before_mib, resident_after_mib, mib_per_10000_runs }) => [
    `Memory: ${mib_per_10000_runs.toFixed(1)} MiB per 10,000 open runs (${resident_before_mib.toFixed(0)} MiB, then ${resident_after_mib.toFixed(0)} MiB with ${open_runs} more).`,
  ],
  packs: ({ start_ms, processes, resident_mib, levels }) => [
    `Calls of the echo handler through the host of its pack, up to ${processes} processes when isolated`,
    '',
    ...table(
      ['inputs', 'callers', 'in process calls/s', 'p50 ms', 'isolated calls/s', 'p50 ms', 'ratio'],
      levels
        .filter(({ isolation }) => isolation === 'in process')
        .map((inside) => {
          const apart = levels.find(
            ({ isolation, payload, callers }) =>
              isolation === 'isolated' && payload === inside.payload && callers === inside.callers,
          );
          return [
            inside.payload,
            String(inside.callers),
            rate(inside.calls_per_second),
            inside.call_ms.p50.toFixed(3),
            rate(apart.calls_per_second),
            apart.call_ms.p50.toFixed(3),
            ratio(apart.calls_per_second / inside.calls_per_second),
          ];
        }),
    ),
    '',
    `Start of a process until its handlers are known: p50 ${ms(start_ms.p50)} ms. Resident memory of each: ${
      resident_mib === undefined ? 'unknown here' : `${resident_mib.map((mib) => mib.toFixed(0)).join(', ')} MiB`
    }.`,
  ],
  policy: ({ statements, queries, levels }) => [
    `Decisions of the policy engines with ${statements} statements, ${queries} questions in turn`,
    '',
    ...table(
      ['statements', 'JSON decisions/s', 'us each', 'load ms', 'Cedar decisions/s', 'us each', 'load ms', 'ratio'],
      levels
        .filter(({ language }) => language === 'json')
        .map((json) => {
          const cedar = levels.find(({ language, shape }) => language === 'cedar' && shape === json.shape);
          return [
            json.shape,
            ...decisionRate(json),
            ...decisionRate(cedar),
            ratio(json.decisions_per_second / cedar.decisions_per_second),
          ];
        }),
    ),
    '',
    ...levels
      .filter(({ language }) => language === 'json')
      .map(
        ({ shape, decisions: { allow, require_approval, deny } }) =>
          `Both decide the same ${shape}: ${allow} allow, ${require_approval} require approval, ${deny} deny.`,
      ),
  ],
  follow: ({ levels }) => [
    'Latency of follow, ms from a write to its event at a follower',
    '',
    ...table(
      ['followers', 'writes', 'sent p50', 'sent p99', 'answered p50', 'answered p99'],
      levels.map(({ followers, writes, since_sent_ms, since_answered_ms }) => [
        String(followers),
        String(writes),
        ...times(since_sent_ms),
        ...times(since_answered_ms),
      ]),
    ),
  ],
  tools: ({ levels }) => [
    'Calls of a tool whose upstream is on loopback, straight and through the tool gateway',
    '',
    ...table(
      [
        'callers',
        'upstream calls/s',
        'p50 ms',
        'p99 ms',
        'gateway calls/s',
        'p50 ms',
        'p99 ms',
        'added p50 ms',
        'added p99 ms',
        'transactions per call',
      ],
      levels.map(({ callers, upstream, gateway }) => [
        String(callers),
        rate(upstream.calls_per_second),
        ...times(upstream.call_ms),
        rate(gateway.calls_per_second),
        ...times(gateway.call_ms),
        ms(gateway.call_ms.p50 - upstream.call_ms.p50),
        ms(gateway.call_ms.p99 - upstream.call_ms.p99),
        ratio(gateway.transactions_per_call),
      ]),
    ),
  ],
  stored: ({ stored_runs, empty, full, ratio: share }) => [
    `Echo runs with ${stored_runs} stored runs, ${full.callers} callers`,
    '',
    ...levelTable([empty, full], ['stored runs', ['0', String(stored_runs)]]),
    '',
    `Ratio, full to empty database: ${roughly(empty, full)}${share.toFixed(2)}.`,
  ],
};

function decisionRate({ decisions_per_second, load_ms }) {
  return [rate(decisions_per_second), (1e6 / decisions_per_second).toFixed(1), load_ms.toFixed(0)];
}

function levelTable(levels, [title, names] = ['callers', levels.map(({ callers }) => String(callers))]) {
  return table(
    [
      title,
      'runs',
      'runs/s',
      'start p50 ms',
      'start p99 ms',
      'end to end p50 ms',
      'end to end p99 ms',
      'transactions per run',
    ],
    levels.map((level, index) => [
      names[index],
      String(level.runs),
      `${roughly(level)}${rate(level.runs_per_second)}`,
      ...times(level.start_ms),
      ...times(level.end_to_end_ms),
      ratio(level.transactions_per_run),
    ]),
  );
}

/** A Markdown table, its columns aligned for a terminal too; all but the first are numbers. */
function table(titles, rows) {
  const widths = titles.map((title, column) => Math.max(4, ...[titles, ...rows].map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(titles), rule, ...rows.map(line)];
}

/** Callers that wait for the same commits end together: a few rounds of them in the measured time are no rate. */
function roughly(...levels) {
  return levels.some(({ runs, callers }) => runs < ROUNDS * callers) ? '~' : '';
}

function times({ p50, p99 }) {
  return [ms(p50), ms(p99)];
}

function ms(value) {
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

function rate(perSecond) {
  return perSecond < 100 ? perSecond.toFixed(1) : perSecond.toFixed(0);
}

function ratio(value) {
  return value.toFixed(2);
}

function rowsText({ inserted, updated, deleted }) {
  return [
    [inserted, 'inserted'],
    [updated, 'updated'],
    [deleted, 'deleted'],
  ]
    .map(([count, verb]) => `${count.toFixed(1)} ${verb}`)
    .join(', ');
}
