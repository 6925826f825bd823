/** The other side of {@link ThreadedSink}: writes what it is sent, one request after the other. */
import { parentPort } from 'node:worker_threads';
import { MetaclipError } from '../../common/errors.ts';
import { MatchedFiles, type MatchedTotals } from './matched-files.ts';
import type { WriterAnswer, WriterRequest } from './writer-thread.ts';

let files: MatchedFiles | undefined;
let queue: Promise<void> = Promise.resolve();

async function handle(request: WriterRequest): Promise<MatchedTotals | null> {
  if (request.kind === 'open') {
    files = await MatchedFiles.create(request.paths);
    return null;
  }
  if (files === undefined) throw new Error('no files are open');
  switch (request.kind) {
    case 'write':
      await files.write(request.columns);
      return null;
    case 'close': {
      const totals = await files.close();
      files = undefined;
      return totals;
    }
    case 'abort':
      await files.abort();
      files = undefined;
      return null;
  }
}

parentPort?.on('message', (request: WriterRequest) => {
  queue = queue.then(async () => {
    let answer: WriterAnswer;
    try {
      answer = { ok: true, totals: await handle(request) };
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      answer = { ok: false, error: error instanceof MetaclipError ? error.toPlain() : null, message };
    }
    parentPort?.postMessage(answer);
  });
});
