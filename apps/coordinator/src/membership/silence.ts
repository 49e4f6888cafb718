/** How long a peer's heartbeat must stand still, while we see well, until it counts as dead. In milliseconds. */
export const DEAD_AFTER_MS = 2_500;

/** How often the same heartbeat must be seen again besides: we may have stood still ourselves between two looks. */
const SEEN_AGAIN = 2;

interface Seen {
  readonly beat: string;
  readonly since: number;
  readonly again: number;
}

/**
 * Tells dead peers from living ones by watching their heartbeats with our own clock: clocks of other machines do not matter. The
 * time in which we could not see (the database was away) does not count against anybody.
 */
export class Silence {
  private readonly seen = new Map<string, Seen>();

  /**
   * @param peers the heartbeats that were read just now
   * @param now milliseconds of a clock that only goes forward
   * @returns the peers whose heartbeat has stood still for too long
   */
  observe<P extends { readonly coordinator_id: string; readonly beat: string; readonly left: boolean }>(
    peers: readonly P[],
    now: number,
  ): P[] {
    const present = new Set(peers.map(({ coordinator_id }) => coordinator_id));
    for (const id of this.seen.keys()) if (!present.has(id)) this.seen.delete(id);
    return peers.filter((peer) => {
      const known = this.seen.get(peer.coordinator_id);
      const seen =
        known?.beat === peer.beat ? { ...known, again: known.again + 1 } : { beat: peer.beat, since: now, again: 0 };
      this.seen.set(peer.coordinator_id, seen);
      return peer.left || (seen.again >= SEEN_AGAIN && now - seen.since >= DEAD_AFTER_MS);
    });
  }

  /** We could not see: whatever was observed before says nothing about the time since. */
  forget(): void {
    this.seen.clear();
  }
}
