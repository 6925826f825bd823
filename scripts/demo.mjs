// `npm run demo`: from a fresh clone to balanced shards of the bundled sample.
import { rmSync } from 'node:fs';
import { install, root, run } from './steps.mjs';

install();
run('npm', ['run', '--silent', 'build']);
rmSync(`${root}demo-run`, { recursive: true, force: true });
const inputs = ['articles.warc.wat.gz', 'gallery.warc.gz', 'captions.parquet'].map(
  (name) => `sample/${name}`,
);
run(process.execPath, ['dist/src/cli.js', 'curate', ...inputs, '--out', 'demo-run', '--t', '20']);
