/** Imported graphs before ONNX's own checker, and the commands around them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { importModel } from '../../../src/model/import/import-model.ts';
import { makeSource } from '../../helpers/hub-folder.ts';
import { runCli } from '../../helpers/run-cli.ts';

describe('the graphs', () => {
  const onnx = spawnSync('/usr/bin/python3', ['-c', 'import onnx']);
  const skip = onnx.status === 0 ? false : 'skipped: no /usr/bin/python3 with onnx here';
  it("pass ONNX's own checker with shape inference, in every mode", { skip }, async (test) => {
    const { source, out } = makeSource(test);
    const graphs: string[] = [];
    for (const weights of ['link', 'embed', 'float16', 'int8'] as const) {
      await importModel(source, join(out, weights), { weights });
      graphs.push(join(out, weights, 'vision.onnx'), join(out, weights, 'text.onnx'));
    }
    const script =
      'import sys, onnx\nfor path in sys.argv[1:]: onnx.checker.check_model(path, full_check=True)';
    const run = spawnSync('/usr/bin/python3', ['-c', script, ...graphs]);
    assert.equal(run.status, 0, run.stderr.toString());
  });
});

describe('metaclip model', () => {
  it('imports, tells and lists from the command line', async (test) => {
    const { source, out } = makeSource(test);
    const imported = await runCli([
      'model',
      'import',
      source,
      '--out',
      out,
      '--quantize',
      'int8',
      '--name',
      'a b',
    ]);
    assert.equal(imported.code, 0, imported.stderr);
    assert.match(
      imported.stdout,
      /^a b\n {2}licence +fair-2\n {2}images +24 px, patches of 8; 3 layers, width 48, 3 heads\n/,
    );
    const info = await runCli(['model', 'info', out]);
    assert.match(info.stdout, /weights +int8\n/);
    const wrong = await runCli(['model', 'import', source, '--out', out, '--dtype', 'int4']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /^E_USAGE {2}--dtype "int4": it can be float16/);
  });
});
