import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { loadPageScript } from '../../../src/curation/report/page-script.ts';

const folder = fileURLToPath(new URL('../../../src/curation/report/page/', import.meta.url));

describe('the script of the page', () => {
  it('is one module without imports, in which no name stands twice at top level', async () => {
    const script = await loadPageScript();
    const tree = ts.createSourceFile('page.js', script, ts.ScriptTarget.ES2023, true);
    const names = tree.statements.flatMap((statement) => {
      assert.ok(
        !ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement),
        statement.getText(),
      );
      if (ts.isVariableStatement(statement))
        return statement.declarationList.declarations.map((one) => one.name.getText());
      if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
        return statement.name === undefined ? [] : [statement.name.text];
      return [];
    });
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
    assert.doesNotMatch(script, /^export |^import /m);
    // The HTML parser looks for these inside of scripts.
    assert.doesNotMatch(script, /<\/script|<!--/i);
    for (const name of ['startPage', 'CapModel', 'drawChart', 'startEntryView', 'decodeEntryBlock'])
      assert.ok(names.includes(name), name);
  });

  it('is the same from the sources and from the build', async () => {
    const config = ts.getParsedCommandLineOfConfigFile(`${folder}tsconfig.build.json`, undefined, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
      },
    });
    assert.ok(config);
    const built = new Map<string, string>();
    ts.createProgram(config.fileNames, config.options).emit(undefined, (path, text) => built.set(path, text));
    const sources = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    const loaded: unknown = await import(new URL('../page-from-source.mjs', `file://${folder}`).href);
    const { compile } = loaded as { compile: (source: string) => string };
    for (const name of sources) {
      const path = [...built.keys()].find((key) =>
        key.endsWith(`/dist/src/curation/report/page/${name.replace(/\.ts$/, '.js')}`),
      );
      assert.ok(path, `${name} is not built`);
      assert.equal(built.get(path), compile(readFileSync(folder + name, 'utf8')), name);
    }
  });
});
