// Entry of the threads of matcher.ts: threads do not inherit the loader for TypeScript on Node 20.
import { register } from 'tsx/esm/api';

register();
await import('./matcher-worker.ts');
