/** Licences that the generator has the text of. */
export const LICENSES = ['MIT', 'Apache-2.0'] as const;
export type License = (typeof LICENSES)[number];

const NPM_NAME = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const PACK_ID = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9_-]*)+$/;
const NODE_NAME = /^[a-z][a-z0-9_-]*$/;
/** What a node's id may be long, its pack's included. */
const LONGEST_ID = 128;

/** Why a name cannot be the name of an npm package; undefined when it can. */
export function packageNameProblem(name: string): string | undefined {
  if (name.length > 214) return `The package name has ${name.length} characters; npm takes at most 214.`;
  if (name !== name.toLowerCase()) return `The package name "${name}" has capital letters; npm takes lower case only.`;
  if (NPM_NAME.test(name)) return undefined;
  return `"${name}" is no npm package name: lower case letters, digits, -, _ and ., not first . or _, such as acme-node-pack-text or @acme/node-pack-text.`;
}

/** Why an id cannot be the id of a pack; undefined when it can. */
export function packIdProblem(id: string): string | undefined {
  if (!PACK_ID.test(id) || id.length > LONGEST_ID) {
    return `"${id}" is no pack id: lower case, at least two parts with a dot between them, each beginning with a letter, at most ${LONGEST_ID} characters, such as acme.text.`;
  }
  if (!id.startsWith('jarvis.')) return undefined;
  return `"${id}" cannot be the pack id: ids that start with jarvis. are reserved for the suite's own packs.`;
}

/** Why a name cannot be the name of a node; undefined when it can. */
export function nodeNameProblem(name: string): string | undefined {
  if (NODE_NAME.test(name) && name.length <= 64) return undefined;
  return `"${name}" is no node name: lower case letters, digits, - and _, beginning with a letter, at most 64 characters, such as word-count.`;
}

/** A package name for a folder. */
export function suggestPackageName(folderName: string): string {
  const name = folderName
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replaceAll(/^[._-]+|-+$/g, '');
  return name === '' ? 'my-node-pack' : name;
}

/** A pack id for a package: `acme.text` for `@acme/node-pack-text` and for `acme-node-pack-text`. */
export function suggestPackId(packageName: string): string {
  const words = packageName
    .replaceAll(/node-?packs?/g, ' ')
    .split(/[^a-z0-9]+/)
    .map((word) => word.replace(/^\d+/, ''))
    .filter((word) => word !== '');
  const [owner = 'my', ...rest] = words.length < 2 || words[0] === 'jarvis' ? ['my', ...words] : words;
  return `${owner}.${rest.join('-') || 'pack'}`;
}

/** The name of a node's constant: `wordCountNode` for `word-count`. */
export function exportNameOf(nodeName: string): string {
  // With the ending it is never a word of the language, such as `delete`.
  return `${nodeName.replaceAll(/[-_]+(.?)/g, (_, letter: string) => letter.toUpperCase())}Node`;
}
