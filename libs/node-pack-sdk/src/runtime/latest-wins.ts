/** Calls at most once in a while. */
export interface LatestWins<T> {
  give(value: T): void;
  /** Passes on what is still waiting. */
  flush(): void;
}

/** Passes on the first value at once, and of those that follow the latest, once per interval. */
export function latestWins<T>(intervalMs: number, pass: (value: T) => void): LatestWins<T> {
  let waiting: { readonly value: T } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tick = () => {
    timer = undefined;
    if (waiting === undefined) return;
    const { value } = waiting;
    waiting = undefined;
    timer = setTimeout(tick, intervalMs);
    pass(value);
  };
  return {
    give: (value) => {
      waiting = { value };
      if (timer === undefined) tick();
    },
    flush: () => {
      clearTimeout(timer);
      tick();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
