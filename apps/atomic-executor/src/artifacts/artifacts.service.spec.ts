import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ArtifactsService } from './artifacts.service.js';

const NOTE = { name: 'note.txt', mediaType: 'text/plain' };

let folder: string;
let artifacts: ArtifactsService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arp-artifacts-'));
  artifacts = new ArtifactsService({ folder, maxBytes: 100 });
});
afterEach(() => rm(folder, { recursive: true }));

const read = async (id: string, owner: string | undefined) => {
  const [bytes, opened] = await Promise.all([artifacts.get(id, owner), artifacts.open(id, owner)]);
  const streamed = opened === undefined ? undefined : await text(opened.stream);
  expect(streamed).toBe(bytes === undefined ? undefined : Buffer.from(bytes).toString());
  return streamed;
};

describe('artifacts', () => {
  it('are there for their owners, and for who may see those of all', async () => {
    const { id } = await artifacts.put(Buffer.from('secret'), NOTE, 'tenant:acme');
    expect(await read(id, 'tenant:acme')).toBe('secret');
    expect(await read(id, undefined)).toBe('secret');
    for (const owner of ['tenant:globex', 'subject:acme', 'acme', '', '../acme']) {
      expect(await read(id, owner)).toBeUndefined();
    }
  });

  it('are kept once, whoever puts the same', async () => {
    const first = await artifacts.put(Buffer.from('same'), NOTE, 'tenant:acme');
    expect(await artifacts.put(Buffer.from('same'), NOTE, 'tenant:../globex')).toEqual(first);
    expect(await read(first.id, 'tenant:acme')).toBe('same');
    expect(await read(first.id, 'tenant:../globex')).toBe('same');
    expect(await read(first.id, 'tenant:globex')).toBeUndefined();
  });

  it('that were put without an owner are there without one', async () => {
    const { id } = await artifacts.put(Buffer.from('x'), NOTE, undefined);
    expect(await read(id, undefined)).toBe('x');
    expect(await read(id, 'tenant:acme')).toBeUndefined();
  });

  it.each(['sha256:' + '0'.repeat(64), 'sha256:../../etc/passwd', ''])('are not there under %j', async (id) => {
    expect(await read(id, undefined)).toBeUndefined();
  });
});
