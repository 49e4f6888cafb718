export interface ExpiringCacheOptions<V> {
  /** Most values kept; the one not asked for longest goes first. */
  readonly capacity: number;
  /** How long a value is kept, in milliseconds. */
  readonly ttlMs: (value: V) => number;
  /** A clock in milliseconds. Default: performance.now */
  readonly now?: () => number;
}

/** Values by key, loaded once for all who ask at the same time, kept for a while. What fails to load is not kept. */
export class ExpiringCache<V> {
  /** In the order in which they were asked for. */
  private readonly kept = new Map<string, { readonly value: V; readonly until: number }>();
  private readonly loading = new Map<string, Promise<V>>();

  constructor(private readonly options: ExpiringCacheOptions<V>) {}

  get(key: string, load: () => Promise<V>): Promise<V> {
    const found = this.kept.get(key);
    this.kept.delete(key);
    if (found !== undefined && found.until > this.now()) {
      this.kept.set(key, found);
      return Promise.resolve(found.value);
    }
    const underWay = this.loading.get(key);
    if (underWay !== undefined) return underWay;
    const loading = load()
      .then((value) => {
        this.keep(key, value);
        return value;
      })
      .finally(() => this.loading.delete(key));
    this.loading.set(key, loading);
    return loading;
  }

  private keep(key: string, value: V): void {
    this.kept.set(key, { value, until: this.now() + this.options.ttlMs(value) });
    const [oldest] = this.kept.keys();
    if (this.kept.size > this.options.capacity && oldest !== undefined) this.kept.delete(oldest);
  }

  private now(): number {
    return (this.options.now ?? (() => performance.now()))();
  }
}
