import {
  exportNameOf,
  nodeNameProblem,
  packageNameProblem,
  packIdProblem,
  suggestPackageName,
  suggestPackId,
} from './names.js';

describe('names of a pack', () => {
  it.each([
    ['@acme/node-pack-text', 'acme.text'],
    ['acme-node-pack-text-tools', 'acme.text-tools'],
    ['acme-text', 'acme.text'],
    ['text', 'my.text'],
    ['node-pack', 'my.pack'],
    ['jarvis-text', 'my.jarvis-text'],
    ['9lives-4you', 'lives.you'],
  ])('a package %s has the pack %s', (packageName, packId) => {
    expect(suggestPackId(packageName)).toBe(packId);
    expect(packIdProblem(packId)).toBeUndefined();
  });

  it.each([
    ['My Pack!', 'my-pack'],
    ['_hidden', 'hidden'],
    ['***', 'my-node-pack'],
  ])('a folder %s has the package %s', (folder, name) => {
    expect(suggestPackageName(folder)).toBe(name);
    expect(packageNameProblem(name)).toBeUndefined();
  });

  it.each([
    ['word-count', 'wordCountNode'],
    ['add_up', 'addUpNode'],
    ['delete', 'deleteNode'],
    ['a-', 'aNode'],
    ['x-9', 'x9Node'],
  ])('a node %s is the constant %s', (node, constant) => {
    expect(nodeNameProblem(node)).toBeUndefined();
    expect(exportNameOf(node)).toBe(constant);
  });

  it('says which rule a name breaks', () => {
    expect(packageNameProblem('a'.repeat(215))).toMatch(/215 characters; npm takes at most 214/);
    expect(packageNameProblem('Text')).toMatch(/capital letters/);
    expect(packageNameProblem('.text')).toMatch(/not first \. or _/);
    expect(packIdProblem('text')).toMatch(/at least two parts/);
    expect(packIdProblem('acme.9')).toMatch(/each beginning with a letter/);
    expect(packIdProblem('jarvis.x')).toMatch(/reserved/);
    expect(nodeNameProblem('A')).toMatch(/lower case/);
  });
});
