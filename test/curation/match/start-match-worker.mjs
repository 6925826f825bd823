// Entry of the worker thread of configurations.ts: threads do not inherit the loader for TypeScript on Node 20.
import { register } from 'tsx/esm/api';

register();
await import('./match-worker.ts');
