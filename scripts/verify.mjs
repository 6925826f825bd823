// `npm run verify`: everything that must hold before a change lands: types, lint, format, build, tests.
import { install, run } from './steps.mjs';

install();
for (const script of ['check', 'lint', 'build', 'test']) run('npm', ['run', '--silent', script]);
