interface PathNode<T> {
  readonly next: Map<string, PathNode<T>>;
  /** Of the paths that end here. */
  readonly values: T[];
}

/** Where one is on the way along the paths. */
export type PathState<T> = readonly PathNode<T>[];

/** One step further, and the values of the names and paths that end there. */
export interface Step<T> {
  readonly state: PathState<T>;
  readonly values: readonly T[];
}

const ANY_ELEMENT = '*';

/**
 * Fields by their name at any depth, and by their path from the top. Upper and lower case are the same. `*` of a path is any element of
 * an array; a path goes into the elements of arrays on its way without it too.
 */
export class FieldPaths<T> {
  private readonly names = new Map<string, T[]>();
  private readonly root: PathNode<T> = { next: new Map(), values: [] };

  /** @param fields each a name or a dotted path; names may hold dots, so a path is looked for as a name too */
  constructor(fields: readonly (readonly [field: string, value: T])[]) {
    for (const [field, value] of fields) {
      const text = field.toLowerCase();
      this.names.set(text, [...(this.names.get(text) ?? []), value]);
      const parts = text.split('.');
      if (parts.length > 1) this.addPath(parts, value);
    }
  }

  get start(): PathState<T> {
    return this.root.next.size === 0 ? [] : [this.root];
  }

  /**
   * Into a field of an object.
   *
   * @param names what the field is called; it is enough when one of them fits
   */
  enter(state: PathState<T>, names: readonly string[]): Step<T> {
    const lower = [...new Set(names.map((name) => name.toLowerCase()))];
    const reached = state.flatMap(({ next }) => lower.flatMap((name) => next.get(name) ?? []));
    const named = lower.flatMap((name) => this.names.get(name) ?? []);
    return { state: reached, values: [...named, ...reached.flatMap(({ values }) => values)] };
  }

  /** Into an element of an array. */
  enterElement(state: PathState<T>): Step<T> {
    const reached = state.flatMap(({ next }) => next.get(ANY_ELEMENT) ?? []);
    return { state: [...new Set([...state, ...reached])], values: reached.flatMap(({ values }) => values) };
  }

  private addPath(parts: readonly string[], value: T): void {
    let node = this.root;
    for (const part of parts) {
      const next: PathNode<T> = node.next.get(part) ?? { next: new Map(), values: [] };
      node.next.set(part, next);
      node = next;
    }
    node.values.push(value);
  }
}
