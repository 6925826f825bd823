import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listImages } from '../../src/model/list-images.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

describe('listImages', () => {
  it('lists the images of folders by name, and files as they are given', async (t) => {
    const folder = makeTempFolder(t);
    mkdirSync(join(folder, 'b/.git'), { recursive: true });
    mkdirSync(join(folder, 'folder.png'));
    for (const name of [
      'b/2.JPG',
      'b/10.webp',
      'a.tiff',
      'B.png',
      'é.gif',
      'notes.txt',
      '.hidden.png',
      'b/.git/x.png',
      'folder.png/in.avif',
    ]) {
      writeFileSync(join(folder, name), '');
    }
    symlinkSync('a.tiff', join(folder, 'link.png'));
    symlinkSync('nowhere', join(folder, 'broken.png'));
    symlinkSync(folder, join(folder, 'round.png'));
    execFileSync('mkfifo', [join(folder, 'pipe.png')]);
    symlinkSync('pipe.png', join(folder, 'to-pipe.png'));
    const listed = await listImages([folder]);
    const names = [
      'B.png',
      'a.tiff',
      'b/10.webp',
      'b/2.JPG',
      'broken.png',
      'folder.png/in.avif',
      'link.png',
      'é.gif',
    ];
    assert.deepEqual(
      listed.map((image) => image.name),
      names,
    );
    assert.deepEqual(
      listed.map((image) => image.path),
      names.map((name) => join(folder, name)),
    );

    const notes = join(folder, 'notes.txt');
    assert.deepEqual(
      (await listImages([notes, join(folder, 'b')])).map((image) => image.name),
      [notes, '10.webp', '2.JPG'],
    );
  });

  it('says when there is nothing', async (t) => {
    const folder = makeTempFolder(t);
    await assert.rejects(listImages([folder]), { code: 'E_INPUT_EMPTY' });
    await assert.rejects(listImages([join(folder, 'absent')]), { code: 'E_INPUT_NOT_FOUND' });
  });
});
