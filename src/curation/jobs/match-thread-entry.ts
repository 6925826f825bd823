/** The other side of {@link ThreadedSink}: matches and writes what it is sent, one request after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { MetaclipError } from '../../common/errors.ts';
import { UnusualMembersError } from '../sources/member-relay.ts';
import { MatchSink, type MatchTotals } from './match-sink.ts';
import type { MatchAnswer, MatchRequest, MatchThreadData } from './match-thread.ts';

const { context, handled } = workerData as MatchThreadData;
const handledCount = new Int32Array(handled);
let sink: MatchSink | undefined;
let queue: Promise<void> = Promise.resolve();

async function handle(request: MatchRequest): Promise<MatchTotals | null> {
  if (request.kind === 'open') {
    sink = undefined;
    sink = await MatchSink.create(request.job, context, request.paths);
    return null;
  }
  const open = sink;
  if (open === undefined) throw new Error('no task is open');
  switch (request.kind) {
    case 'write':
      await open.write(request.columns);
      return null;
    case 'members':
      await open.writeMembers(request.members);
      return null;
    case 'close':
      sink = undefined;
      return open.close();
    case 'abort':
      sink = undefined;
      await open.abort();
      return null;
  }
}

parentPort?.on('message', (request: MatchRequest) => {
  queue = queue.then(async () => {
    let answer: MatchAnswer;
    try {
      answer = { ok: true, totals: await handle(request) };
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      answer = {
        ok: false,
        error: error instanceof MetaclipError ? error.toPlain() : null,
        isUnusual: error instanceof UnusualMembersError,
        message,
      };
    }
    Atomics.add(handledCount, 0, 1);
    parentPort?.postMessage(answer);
  });
});
