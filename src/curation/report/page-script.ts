/**
 * The script of report.html as one text. Its modules (`page/`) are ordinary TypeScript for the browser: compiled by `npm run
 * build` beside everything else, or from their sources by `page-from-source.mjs` when metaclip runs from its own. They are
 * joined here in the order in which they need each other; imports and `export` fall away, as all names are of one scope then.
 * Rule for `page/`: imports only from `./`, named, and no name at top level twice (`test/curation/report/page-script.test.ts`).
 */
import { readFile } from 'node:fs/promises';

const IMPORT = /^import [^;]*? from ['"]\.\/([\w-]+)\.js['"];\n/gm;
const FIRST_MODULE = 'main';
let script: Promise<string> | undefined;

/**
 * Read once for a process; some 30 KB.
 *
 * @returns the script; its bytes are the same from the build and from the sources
 */
export function loadPageScript(): Promise<string> {
  script ??= joinModules();
  return script;
}

async function joinModules(): Promise<string> {
  const compile = await openCompiler();
  const done = new Set<string>();
  const parts: string[] = [];
  const add = async (name: string): Promise<void> => {
    if (done.has(name)) return;
    done.add(name);
    const code = await compile(name);
    for (const [, needed = ''] of code.matchAll(IMPORT)) await add(needed);
    const body = code
      .replaceAll(IMPORT, '')
      .replaceAll(/^export (\{\};\n)?/gm, '')
      .replaceAll(/^\/\/# sourceMappingURL=.*\n?/gm, '');
    parts.push(body.trimEnd());
  };
  await add(FIRST_MODULE);
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

/** Gives a module of `page/` as JavaScript: as the build left it, or compiled now. */
async function openCompiler(): Promise<(name: string) => Promise<string>> {
  if (!import.meta.url.endsWith('.ts'))
    return (name) => readFile(new URL(`./page/${name}.js`, import.meta.url), 'utf8');
  const loaded: unknown = await import(new URL('./page-from-source.mjs', import.meta.url).href);
  if (typeof loaded !== 'object' || loaded === null || !('compile' in loaded))
    throw new TypeError('no compiler');
  const { compile } = loaded;
  if (typeof compile !== 'function') throw new TypeError('no compiler');
  return async (name) => {
    const source = await readFile(new URL(`./page/${name}.ts`, import.meta.url), 'utf8');
    return String(Reflect.apply(compile, undefined, [source]));
  };
}
