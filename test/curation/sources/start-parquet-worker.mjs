// Reads a Parquet file in a worker thread; threads do not inherit the loader for TypeScript on Node 20.
import { parentPort, workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const { readParquet } = await import('../../../src/curation/sources/parquet.ts');
const { DropLog } = await import('../../../src/curation/sources/source.ts');
let rowCount = 0;
const context = { compat: 'metaclip', drops: new DropLog(), onBytes: () => undefined };
for await (const batch of readParquet(workerData, context)) rowCount += batch.rowCount;
parentPort?.postMessage(rowCount);
