/** Archives of torch.save: tensors are found, and a pickle that asks for anything else is refused by the name of what it asks for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { readPickle } from '../../../src/model/import/pickle.ts';
import { RangeReader } from '../../../src/model/import/tensors.ts';
import { readTorchFile } from '../../../src/model/import/torch-file.ts';
import { skipWithoutTorch } from '../../helpers/clip-parity.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import {
  PICKLE,
  pickleTensor,
  writeTorchFile,
  writeZip,
  type ZipFaults,
} from '../../helpers/write-checkpoint.ts';

const { dict, global, mark, number, reduce, start, stop, text, tuple } = PICKLE;
const pickleOf = (...parts: readonly Buffer[]): Buffer => Buffer.concat([start, ...parts, stop]);

describe('readTorchFile', () => {
  let folder: string;
  let path: string;
  const hooks: (() => void)[] = [];
  before(() => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    path = join(folder, 'a.pt');
  });
  after(() => {
    for (const hook of hooks) hook();
  });
  const read = async (file = path): ReturnType<typeof readTorchFile> => {
    const reader = new RangeReader();
    try {
      return await readTorchFile(file, reader);
    } finally {
      await reader.close();
    }
  };
  const refuses = async (code: string, message: RegExp): Promise<void> => {
    await assert.rejects(read(), (error) => {
      assert.ok(error instanceof MetaclipError, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message);
      assert.ok(error.message.includes(path) && error.hint !== undefined);
      return true;
    });
  };
  const writePickle = (
    pickle: Buffer,
    other: readonly (readonly [string, Buffer, ZipFaults?])[] = [],
  ): void => {
    writeZip(path, [['archive/data.pkl', pickle], ...other]);
  };

  it('finds tensors of a training checkpoint under their plain names', async () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    writeTorchFile(path, new Map([['a.weight', { shape: [2, 3], values }]]));
    const { tensors } = await read();
    const tensor = tensors.get('a.weight') ?? assert.fail([...tensors.keys()].join());
    assert.deepEqual([tensor.dtype, tensor.shape], ['F32', [2, 3]]);
    const bytes = readFileSync(path).subarray(tensor.startByte, tensor.startByte + tensor.byteLength);
    assert.deepEqual(bytes, Buffer.from(values.buffer));
  });

  it('finds tensors that share a storage', async () => {
    const pickle = pickleOf(dict([[text('a'), pickleTensor('0', [2], 'HalfStorage', 1)]]));
    writePickle(pickle, [['archive/data/0', Buffer.alloc(8)]]);
    const { tensors } = await read();
    assert.deepEqual([tensors.get('a')?.dtype, tensors.get('a')?.byteLength], ['F16', 4]);
  });

  it(
    "reads what Debian's PyTorch saves, and what it saves of a module",
    { skip: skipWithoutTorch() },
    async () => {
      const script = [
        'import sys, torch',
        'layer = torch.nn.Linear(3, 2)',
        'state = layer.state_dict()',
        'state["half"] = torch.arange(4).half(); state["brain"] = torch.ones(2, 2).bfloat16(); state["view"] = torch.arange(9.)[3:6]',
        'torch.save({"epoch": 3, "lr": 1e-3, "seed": 2**70, "state_dict": state, "list": [1, (2,)], "none": None}, sys.argv[1])',
        'torch.save({"state_dict": layer.state_dict(), "p": torch.nn.Parameter(torch.ones(1)), "when": __import__("datetime").date(2020, 1, 1)}, sys.argv[2])',
      ].join('\n');
      const odd = join(folder, 'odd.pt');
      const run = spawnSync('/usr/bin/python3', ['-c', script, path, odd]);
      assert.equal(run.status, 0, run.stderr.toString());
      const { tensors } = await read();
      assert.deepEqual(
        [...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape]),
        [
          ['weight', 'F32', [2, 3]],
          ['bias', 'F32', [2]],
          ['half', 'F16', [4]],
          ['brain', 'BF16', [2, 2]],
          ['view', 'F32', [3]],
        ],
      );
      const view = tensors.get('view') ?? assert.fail();
      const bytes = Uint8Array.from(readFileSync(path)).buffer.slice(view.startByte, view.startByte + 12);
      assert.deepEqual([...new Float32Array(bytes)], [3, 4, 5]);
      await assert.rejects(read(odd), { code: 'E_MODEL_UNSUPPORTED', message: /"datetime\.date"/ });
    },
  );

  const NAMES: readonly (readonly [string, string])[] = [
    ['os', 'system'],
    ['posix', 'system'],
    ['builtins', 'eval'],
    ['builtins', 'getattr'],
    ['subprocess', 'Popen'],
    ['torch', 'load'],
    ['torch.hub', 'load'],
    ['torch', 'FloatStorage.__class__'],
    ['torch._utils', '_rebuild_device_tensor_from_numpy'],
    ['collections', 'OrderedDict.__init__'],
    ['constructor', 'constructor'],
    ['__torch__.model', 'CLIP'],
  ];
  for (const [module, name] of NAMES) {
    it(`refuses ${module}.${name} by name, wherever it stands`, async () => {
      const call = reduce(global(module, name), tuple(text(`touch ${join(folder, 'owned')}`)));
      const shown = new RegExp(
        `names "${module}\\.${name}"`.replaceAll('.', '\\.').replaceAll('\\\\.', '\\.'),
      );
      for (const pickle of [
        pickleOf(call),
        pickleOf(dict([[text('a'), call]])),
        pickleOf(tuple(tuple(tuple(call)))),
        // Only named, never called; and by STACK_GLOBAL.
        pickleOf(global(module, name), Buffer.from('0'), dict([])),
        pickleOf(text(module), text(name), Buffer.from([0x93])),
      ]) {
        writePickle(pickle);
        await refuses('E_MODEL_UNSUPPORTED', shown);
      }
      assert.ok(!existsSync(join(folder, 'owned')));
    });
  }

  const OPCODES: readonly (readonly [string, Buffer])[] = [
    ['INST', Buffer.from('(ios\nsystem\n')],
    ['OBJ', Buffer.concat([mark, global('collections', 'OrderedDict'), Buffer.from('o')])],
    ['NEWOBJ_EX', Buffer.from([0x92])],
    ['EXT1', Buffer.from([0x82, 1])],
    ['PERSID', Buffer.from('Pid\n')],
    ['BYTEARRAY8', Buffer.from([0x96])],
    ['an unknown one', Buffer.from([0xff])],
  ];
  for (const [name, bytes] of OPCODES) {
    it(`refuses the opcode ${name}`, async () => {
      writePickle(pickleOf(bytes));
      await refuses('E_MODEL_FORMAT', /opcode 0x[0-9a-f]+ at byte \d+ is not one of a state dict/);
    });
  }

  const DAMAGED: readonly (readonly [string, Buffer, RegExp])[] = [
    ['an empty stack', pickleOf(), /empty stack/],
    ['a missing mark', pickleOf(Buffer.from('t')), /a mark is missing/],
    ['a value that was not kept', pickleOf(Buffer.from('h\x05')), /recalls value 5/],
    ['a call of a text', pickleOf(reduce(text('os.system'), tuple())), /no function is called/],
    ['a call of a type', pickleOf(reduce(global('torch', 'float32'), tuple())), /torch\.float32 is called/],
    ['items of a list', pickleOf(Buffer.from(']'), text('a'), text('b'), Buffer.from('s')), /no dict/],
    ['a key without a value', pickleOf(Buffer.from('}('), text('a'), Buffer.from('u')), /has no value/],
    ['state of a list', pickleOf(Buffer.from(']}b')), /state is given/],
    ['a text of 4 GB', pickleOf(Buffer.from([0x58, 0xff, 0xff, 0xff, 0xff])), /in the middle of a value/],
    ['no end', Buffer.from([0x80, 2, 0x7d]), /in the middle of a value/],
    [
      'a reference to no storage',
      pickleOf(Buffer.concat([tuple(text('module')), Buffer.from('Q')])),
      /no storage/,
    ],
    ['no dict', pickleOf(number(3)), /holds no state dict/],
  ];
  for (const [name, pickle, message] of DAMAGED) {
    it(`refuses a pickle with ${name}`, async () => {
      writePickle(pickle);
      await refuses('E_MODEL_FORMAT', message);
    });
  }

  it('a million nested values are read or refused, and end', async () => {
    const deep = pickleOf(Buffer.alloc(900_000, ']'), Buffer.alloc(899_999, 'a'));
    writePickle(deep);
    await refuses('E_MODEL_FORMAT', /holds no state dict/);
    writePickle(pickleOf(Buffer.alloc(1_100_000, ']')));
    await refuses('E_MODEL_FORMAT', /its stack holds over 1000000 values/);
    // Each list holds the one before twice: 2^50 values, were they ever counted.
    const doubling = Array.from({ length: 50 }, (_, i) =>
      Buffer.from([0x5d, 0x28, 0x68, i, 0x68, i, 0x65, 0x71, i + 1]),
    );
    writePickle(pickleOf(Buffer.from(']q\0'), ...doubling));
    await refuses('E_MODEL_FORMAT', /holds no state dict/);
  });

  it('keys like __proto__ are keys', () => {
    const value = readPickle(
      pickleOf(dict([[text('__proto__'), dict([[text('polluted'), number(1)]])]])),
      'a',
    );
    assert.ok(value instanceof Map && value.has('__proto__'));
    assert.ok(!('polluted' in {}));
  });

  it('random bytes end in an error of ours, or a value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readPickle(Buffer.from(bytes), 'a');
        } catch (error) {
          assert.ok(error instanceof MetaclipError, String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });

  const good = (shape: readonly number[]): Buffer => pickleOf(dict([[text('a'), pickleTensor('0', shape)]]));
  it('refuses tensors that their storage does not hold, by name', async () => {
    writePickle(good([3]), [['archive/data/0', Buffer.alloc(8)]]);
    await refuses('E_MODEL_FORMAT', /tensor a of shape \[3\] needs 12 bytes, its storage has 8/);
    writePickle(good([2]));
    await refuses('E_MODEL_FORMAT', /the bytes of tensor a are missing/);
    writePickle(pickleOf(dict([[text('a'), pickleTensor('../../etc/passwd', [1])]])));
    await refuses('E_MODEL_FORMAT', /the bytes of tensor a are missing/);
    writePickle(pickleOf(dict([[text('a'), pickleTensor('0', [2, 2], 'FloatStorage', 0, [1, 2])]])));
    await refuses('E_MODEL_UNSUPPORTED', /tensor a is not contiguous/);
    writePickle(pickleOf(dict([[text('a'), pickleTensor('0', [1], 'FloatStorage', -1)]])));
    await refuses('E_MODEL_FORMAT', /values that cannot be right/);
  });

  it('refuses archives that torch.save does not write', async () => {
    const data = ['archive/data/0', Buffer.alloc(4)] as const;
    writePickle(good([1]), [['archive/data/0', Buffer.alloc(4), { method: 8 }]]);
    await refuses('E_MODEL_FORMAT', /entry "archive\/data\/0" is compressed/);
    writePickle(good([1]), [['archive/data/0', Buffer.alloc(4), { statedBytes: 2 ** 31 }]]);
    await refuses('E_MODEL_FORMAT', /ends at byte \d+, but the file has only/);
    for (const name of ['../../.bashrc', '/etc/passwd', 'C:\\x', 'archive/../../x']) {
      writePickle(good([1]), [data, [name, Buffer.alloc(4)]]);
      await refuses('E_MODEL_FORMAT', /which leads out of the archive/);
    }
    writePickle(good([1]), [data, data]);
    await refuses('E_MODEL_FORMAT', /two entries are called/);
    writeZip(path, [data]);
    await refuses('E_MODEL_FORMAT', /0 entries are called data\.pkl/);
    writePickle(good([1]), [data, ['archive/byteorder', Buffer.from('big')]]);
    await refuses('E_MODEL_UNSUPPORTED', /byte order is "big"/);
    writeFileSync(path, Buffer.from('80026c', 'hex'));
    await refuses('E_MODEL_FORMAT', /no zip archive/);
  });

  it('refuses an archive that is cut off anywhere', async () => {
    writePickle(good([1]), [['archive/data/0', Buffer.alloc(4)]]);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length += 13) {
      writeFileSync(path, whole.subarray(0, length));
      await assert.rejects(read(), { code: 'E_MODEL_FORMAT' });
    }
  });

  it('an archive with any byte changed is read or refused, never worse', async () => {
    writePickle(good([1]), [['archive/data/0', Buffer.alloc(4)]]);
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      writeFileSync(path, changed);
      try {
        await read();
      } catch (error) {
        assert.ok(error instanceof MetaclipError, `byte ${at}: ${String(error)}`);
      }
    }
  });
});
