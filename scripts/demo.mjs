// `npm run demo`: from a fresh clone to balanced shards of the bundled sample, and to a model that names pictures.
import { rmSync } from 'node:fs';
import { install, root, run } from './steps.mjs';

install();
run('npm', ['run', '--silent', 'build']);
rmSync(`${root}demo-run`, { recursive: true, force: true });
const inputs = ['articles.warc.wat.gz', 'gallery.warc.gz', 'captions.parquet'].map(
  (name) => `sample/${name}`,
);
const metaclip = (args) => run(process.execPath, ['dist/src/cli.js', ...args]);
metaclip(['curate', ...inputs, '--out', 'demo-run', '--t', '20']);
metaclip(['report', 'demo-run', '--plots', 'demo-run/figures']);

// The bundled emoji model, on artwork that it was not trained on.
const examples = 'models/emoji-examples';
const classes = ['cactus', 'elephant', 'melon', 'crayon'].flatMap((name) => ['--class', name]);
metaclip(['classify', `${examples}/cactus/emojione-v1.png`, ...classes]);
const prompts = ['--templates', `${examples}/templates.txt`];
metaclip(['eval', 'zeroshot', '--data', examples, ...prompts, '--out', 'demo-run/emoji']);
