// Entry of an encode thread when metaclip runs from its TypeScript sources; see src/executors/worker-from-source.mjs.
import { register } from 'tsx/esm/api';

register();
await import('./encode-thread-entry.ts');
