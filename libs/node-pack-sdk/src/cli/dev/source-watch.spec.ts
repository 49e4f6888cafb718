import { SourceWatch } from './source-watch.js';

describe('SourceWatch', () => {
  let files: Map<string, string>;
  let edits: number;
  let watch: SourceWatch;

  beforeEach(() => {
    edits = 0;
    files = new Map([['source', '0']]);
    watch = new SourceWatch(async () => new Map(files));
  });

  function touch(...paths: string[]): () => Promise<void> {
    return async () => {
      edits += 1;
      for (const path of paths) files.set(path, String(edits));
    };
  }

  /** Whether a change is seen; it is seen within a few looks or never. */
  async function sees(): Promise<boolean> {
    const giveUp = AbortSignal.timeout(100);
    return watch.nextChange(1, giveUp).then(
      () => true,
      () => false,
    );
  }

  it('sees a change of a source, and none of what the build writes', async () => {
    await watch.during(touch('output'));
    expect(await sees()).toBe(false);
    await touch('source')();
    expect(await sees()).toBe(true);
    await watch.during(touch('output'));
    expect(await sees()).toBe(false);
  });

  it('sees a source that changes during a build, also a new one and one that goes', async () => {
    await watch.during(touch('output'));
    await watch.during(touch('output', 'source'));
    expect(await sees()).toBe(true);
    await watch.during(touch('output'));
    await touch('new')();
    expect(await sees()).toBe(true);
    await watch.during(touch('output'));
    files.delete('new');
    expect(await sees()).toBe(true);
  });

  it('sees a file that the first build wrote when somebody writes it later', async () => {
    await watch.during(touch('source', 'output'));
    expect(await sees()).toBe(false);
    await touch('source')();
    expect(await sees()).toBe(true);
  });

  it('builds once more, and not again and again, for a file that only later builds write', async () => {
    await watch.during(touch('output'));
    await touch('source')();
    expect(await sees()).toBe(true);
    await watch.during(touch('output', 'report'));
    expect(await sees()).toBe(true);
    await watch.during(touch('output', 'report'));
    expect(await sees()).toBe(false);
  });

  it('tells what failed, and goes on', async () => {
    const failing = watch.during(async () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await touch('source')();
    expect(await sees()).toBe(true);
  });
});
