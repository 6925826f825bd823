/** Small pictures for pages. */
import sharp from 'sharp';

/** Longer side in pixels. */
export const THUMBNAIL_PIXELS = 96;
const MAX_PIXELS = 100_000_000;

/**
 * Colours are those that the model saw: no colour profile is applied, no EXIF rotation.
 *
 * @param image - path or bytes
 * @returns a WebP of at most 96 x 96 pixels as a `data:` address (2 to 4 KB), or null when the image can't be read
 */
export async function makeThumbnail(image: string | Uint8Array): Promise<string | null> {
  try {
    const bytes = await sharp(image, { limitInputPixels: MAX_PIXELS, ignoreIcc: true })
      .resize(THUMBNAIL_PIXELS, THUMBNAIL_PIXELS, { fit: 'inside' })
      .webp({ quality: 80 })
      .toBuffer();
    return `data:image/webp;base64,${bytes.toString('base64')}`;
  } catch {
    return null; // a page without one picture is still a page
  }
}
