# __PACKAGE_NAME__

A node pack with the node `__PACK_ID__.__NODE_NAME__`, which counts the characters, words and sentences of a text.

## Work on it

| command               | what it does                                                                             |
| --------------------- | ---------------------------------------------------------------------------------------- |
| `npm install`         | once                                                                                     |
| `npm test`            | builds, checks what an executor would refuse, runs the tests                             |
| `npm run build`       | compiles `src` to `dist` and writes `jarvis.nodepack.json`                               |
| `npm run dev`         | runs an executor with this pack on port 8082, which loads the pack again on every change |
| `npm run docs`        | writes `NODES.md`, a page about the nodes                                                |

`npm run dev` prints a curl that runs the first example.

## Where things are

- `src/__NODE_NAME__.ts` is the node: its schemas, its examples, its errors, and `run`, which does the work. A new node is a new file like it, named in `src/index.ts`.
- `src/pack.test.ts` tests it. `testNodePack` runs the examples; `createTestContext` makes the context for a test of a single call.
- `jarvis.nodepack.json` is the manifest. Executors read it before they run any code. `npm run build` writes it; commit it.
- `package.json` has the field `jarvis`: it names the pack, its module and its manifest.

The nodes' ids start with `__PACK_ID__`; the version of every node is the version in `package.json`.

## Publish it

1. `npm version patch` (or `minor`, `major`)
2. `npm run build`, and commit `jarvis.nodepack.json`
3. `npm publish__PUBLIC__`
__SDK_NOTE__
Whoever runs an executor then installs it there: `npm install __PACKAGE_NAME__`. Without publishing: `npm pack`, and `npm install` with the file that it writes.
