import type { AtomicExecutorApi, NodeType, RequestContext } from '#contract';
import { createLogger } from '#http';
import { ToolCatalogueService } from './tool-catalogue.service.js';

const CTX = { signal: new AbortController().signal } as RequestContext;
const LOGGER = createLogger('test', { LOG_LEVEL: 'silent', LOG_FORMAT: 'json' });

function nodeType(id: string, version: string, rest: Partial<NodeType> = {}): NodeType {
  const extensions = { 'jarvis.pack_id': id.slice(0, id.lastIndexOf('.')), 'jarvis.side_effect': 'read' };
  return { node_type_id: id, version, kind: 'atomic', extensions, ...rest };
}

/** An executor whose list is what `list` gives. */
function executor(list: () => Promise<NodeType[] | undefined>): AtomicExecutorApi {
  return { listNodeTypes: list } as unknown as AtomicExecutorApi;
}

describe('ToolCatalogueService', () => {
  it('the first executor that offers it runs it, and lists are kept', async () => {
    let asked = 0;
    const one = executor(() => {
      asked += 1;
      return Promise.resolve([nodeType('acme.a.read', '1')]);
    });
    const two = executor(() => Promise.resolve([nodeType('acme.a.read', '2'), nodeType('jarvis.b.write', '2')]));
    const catalogue = new ToolCatalogueService([one, two], LOGGER);
    const found = await Promise.all([1, 2, 3].map(() => catalogue.find(CTX, 'acme.a', 'read')));
    expect(found.map(({ nodeType: { version }, executor: runs }) => [version, runs])).toEqual(
      found.map(() => ['1', one]),
    );
    expect(asked).toBe(1);
    expect((await catalogue.find(CTX, 'b', 'write')).executor).toBe(two);
    expect((await catalogue.list(CTX)).map(({ tool, action }) => `${tool}:${action}`)).toEqual([
      'acme.a:read',
      'b:write',
    ]);
  });

  it('an executor that is away hides nothing of the others, and only what it may offer is unavailable', async () => {
    const away = executor(() => Promise.reject(new Error('away')));
    const two = executor(() => Promise.resolve([nodeType('acme.a.read', '2')]));
    const catalogue = new ToolCatalogueService([away, two], LOGGER);
    expect((await catalogue.find(CTX, 'acme.a', 'read')).executor).toBe(two);
    await expect(catalogue.find(CTX, 'acme.b', 'read')).rejects.toMatchObject({ code: 'atomic_executor_unavailable' });
    expect(await catalogue.list(CTX)).toHaveLength(1);
    await expect(new ToolCatalogueService([away], LOGGER).list(CTX)).rejects.toMatchObject({
      code: 'atomic_executor_unavailable',
    });
  });

  it('an executor that tells nothing has no tools, and what is not atomic is none', async () => {
    const silent = executor(() => Promise.resolve(undefined));
    const composite = executor(() => Promise.resolve([nodeType('acme.c.plan', '1', { kind: 'composite' })]));
    const catalogue = new ToolCatalogueService([silent, composite], LOGGER);
    await expect(catalogue.find(CTX, 'acme.c', 'plan')).rejects.toMatchObject({ code: 'unknown_tool' });
  });

  it('what a node type does not say is taken for the worst', async () => {
    const bare = executor(() => Promise.resolve([nodeType('acme.a.do', '1', { extensions: {} })]));
    const action = await new ToolCatalogueService([bare], LOGGER).find(CTX, 'acme.a', 'do');
    expect(action).toMatchObject({ sideEffect: 'write', isIdempotent: false, credentials: [] });
  });

  it('names the actions of a tool when another was asked for', async () => {
    const one = executor(() => Promise.resolve([nodeType('acme.a.read', '1'), nodeType('acme.a.list', '1')]));
    await expect(new ToolCatalogueService([one], LOGGER).find(CTX, 'acme.a', 'write')).rejects.toMatchObject({
      message: 'The tool has no such action. It has: list, read.',
    });
  });

  it('asks again for what an executor turned out not to have', async () => {
    const lists = [[nodeType('acme.a.read', '1')], [nodeType('acme.a.read', '2')]];
    const one = executor(() => Promise.resolve(lists.shift()));
    const catalogue = new ToolCatalogueService([one], LOGGER);
    const old = await catalogue.find(CTX, 'acme.a', 'read');
    catalogue.forget(old);
    expect((await catalogue.find(CTX, 'acme.a', 'read')).nodeType.version).toBe('2');
  });
});
