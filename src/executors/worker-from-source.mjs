// Entry of a worker thread when metaclip runs from its TypeScript sources (tests, scripts): on Node 20 a thread does not
// inherit the loader for dynamic imports. Not part of the build; there the worker is worker.js itself.
import { register } from 'tsx/esm/api';

register();
const { default: work } = await import('./worker.ts');
export default work;
