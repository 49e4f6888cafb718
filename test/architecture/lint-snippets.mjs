/**
 * Lints what it reads from stdin, a JSON array of `{ file, code, typed }`, under the configuration of this repository,
 * and writes for each the ids of the rules that fired (`fatal: …` for code that does not parse). A process of its own,
 * because ESLint loads its configuration in a way that Jest's module registry does not offer.
 *
 * `file` need not exist, unless `typed`: then types are needed, and only a file of tsconfig.json has them. Its contents on
 * disk do not matter.
 */
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const cwd = fileURLToPath(new URL('../../', import.meta.url));
const withTypes = new ESLint({ cwd });
const withoutTypes = new ESLint({ cwd, overrideConfig: tseslint.configs.disableTypeChecked });

const answers = [];
for (const { file, code, typed } of JSON.parse(await text(process.stdin))) {
  const [result] = await (typed ? withTypes : withoutTypes).lintText(code, { filePath: file, warnIgnored: true });
  answers.push(result.messages.map(({ ruleId, message }) => ruleId ?? `fatal: ${message}`));
}
process.stdout.write(JSON.stringify(answers));
