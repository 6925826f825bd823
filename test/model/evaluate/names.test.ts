/** Class names and templates: the published lists to the letter, and what users give. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { METRIC_NAMES } from '../../../src/model/evaluate/metrics/metrics.ts';
import { CIFAR100_CLASSES, CIFAR10_CLASSES } from '../../../src/model/evaluate/names/cifar-classes.ts';
import {
  CIFAR_TEMPLATES,
  IMAGENET_SIMPLE_TEMPLATES,
  IMAGENET_TEMPLATES,
} from '../../../src/model/evaluate/names/clip-templates.ts';
import { DATA_SETS } from '../../../src/model/evaluate/names/data-sets.ts';
import { IMAGENET_CLASSES } from '../../../src/model/evaluate/names/imagenet-classes.ts';
import { readClassList, readTemplates } from '../../../src/model/evaluate/names/read-names.ts';
import { checkTemplates } from '../../../src/model/score/templates.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const sha256 = (lines: readonly string[]): string =>
  createHash('sha256').update(lines.join('\n')).digest('hex');

describe('the published lists', () => {
  it('ImageNet has 1,000 names, two of them twice, at the known labels', () => {
    assert.equal(IMAGENET_CLASSES.length, 1000);
    const places = new Map<string, number[]>();
    IMAGENET_CLASSES.forEach((name, label) => places.set(name, [...(places.get(name) ?? []), label]));
    const twice = [...places].filter(([, labels]) => labels.length > 1);
    assert.deepEqual(twice, [
      ['missile', [657, 744]],
      ['sunglasses', [836, 837]],
    ]);
    const known: [number, string][] = [
      [0, 'tench'],
      [1, 'goldfish'],
      [134, 'crane bird'],
      [151, 'Chihuahua'],
      [207, 'Golden Retriever'],
      [285, 'Egyptian Mau'],
      [340, 'zebra'],
      [388, 'giant panda'],
      [409, 'analog clock'],
      [517, 'construction crane'],
      [620, 'laptop computer'],
      [761, 'remote control'],
      [817, 'sports car'],
      [920, 'traffic light'],
      [954, 'banana'],
      [963, 'pizza'],
      [999, 'toilet paper'],
    ];
    for (const [label, name] of known) assert.equal(IMAGENET_CLASSES[label], name);
    // The JSON of names and templates in the published file has this many characters at an indentation of 4.
    const published = { imagenet_classes: IMAGENET_CLASSES, imagenet_templates: IMAGENET_TEMPLATES };
    assert.equal(JSON.stringify(published, null, 4).length, 25510);
    assert.equal(
      sha256(IMAGENET_CLASSES),
      '571ae1c583b4be7da87519494c52bf405a46af05d5815627c7a0dee997068b60',
    );
  });

  it('80 templates for ImageNet, 7 of them as the short list, 18 for CIFAR; all distinct with a place for the name', () => {
    assert.equal(
      sha256(IMAGENET_TEMPLATES),
      '4f976686fb651bb5803d4689dcd849f75efe0ef19a3c801355bc9a6f03c8a5af',
    );
    for (const [list, count] of [
      [IMAGENET_TEMPLATES, 80],
      [IMAGENET_SIMPLE_TEMPLATES, 7],
      [CIFAR_TEMPLATES, 18],
    ] as const) {
      assert.equal(new Set(list).size, count);
      assert.equal(list.length, count);
      checkTemplates(list);
    }
    assert.deepEqual(
      IMAGENET_SIMPLE_TEMPLATES.filter((template) => !IMAGENET_TEMPLATES.includes(template)),
      [],
    );
  });

  it('CIFAR has 10 and 100 distinct names, the 100 in the order of the alphabet', () => {
    assert.equal(new Set(CIFAR10_CLASSES).size, 10);
    assert.equal(new Set(CIFAR100_CLASSES).size, 100);
    assert.deepEqual([...CIFAR100_CLASSES].sort(), [...CIFAR100_CLASSES]);
  });

  it('every known data set has a metric that exists', () => {
    for (const row of DATA_SETS.values()) assert.ok(METRIC_NAMES.includes(row.metric), row.name);
    assert.equal(DATA_SETS.get('hateful_memes')?.metric, 'roc_auc');
    assert.equal(DATA_SETS.get('kinetics700')?.metric, 'mean_acc1_acc5');
    const perClass = [...DATA_SETS.values()].filter(({ metric }) => metric === 'mean_per_class_recall');
    assert.deepEqual(perClass.map(({ name }) => name).sort(), [
      'caltech101',
      'fgvc_aircraft',
      'flowers',
      'pets',
    ]);
  });
});

describe('what users give', () => {
  it('a built-in list by its name, a file with names, a file with labels', async (test) => {
    const folder = makeTempFolder(test);
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    assert.equal((await readClassList('imagenet')).names, IMAGENET_CLASSES);
    assert.equal((await readTemplates('imagenet')).length, 80);
    assert.deepEqual(await readClassList(file('plain.txt', '\uFEFFa cat\r\na dog\r\n\r\n')), {
      names: ['a cat', 'a dog'],
      labels: null,
    });
    assert.deepEqual(await readClassList(file('labels.txt', 'n01\ttench\nn02\tgoldfish\n')), {
      names: ['tench', 'goldfish'],
      labels: ['n01', 'n02'],
    });
    assert.deepEqual(await readTemplates(file('templates.txt', 'a {c}.\nthe {}.\n')), ['a {c}.', 'the {}.']);
    const rows: [string, string, RegExp][] = [
      ['empty.txt', '\n\n', /empty/],
      ['gap.txt', 'a\n\nb\n', /line 2 has no name/],
      ['mixed.txt', 'x\ta\nb\n', /some have none/],
      ['twice.txt', 'x\ta\nx\tb\n', /"x" stands there twice/],
    ];
    for (const [name, text, message] of rows) {
      await assert.rejects(readClassList(file(name, text)), { code: 'E_USAGE', message });
    }
    await assert.rejects(readTemplates(file('bad.txt', 'a photo\n')), { code: 'E_USAGE' });
    await assert.rejects(readClassList(join(folder, 'none')), {
      code: 'E_INPUT_NOT_FOUND',
      hint: /imagenet, cifar10/,
    });
  });
});
