/** Pure: what each scene shows, as the compositor's layers, without its place in time. */
import { normaliseFilter } from '../ingest/clip-filter.ts';
import type { Effect, Scene, Storyboard } from '../schema/storyboard.ts';
import type { Assets } from './assets.ts';
import type { SceneLayer } from './segments.ts';

/** Motions a picture gets when none is asked for; which one depends on the picture, not on its place. */
const gentle: Effect[] = ['zoomIn', 'panRight', 'zoomOut', 'panLeft'];

/** One layer a scene, in order. */
export function sceneLayers(storyboard: Storyboard, assets: Assets): SceneLayer[] {
  return storyboard.scenes.map((scene, index) =>
    sceneLayer(scene, assets.scenes[index]!.media, storyboard.brand),
  );
}

function sceneLayer(
  scene: Scene,
  media: Assets['scenes'][number]['media'],
  brand: Storyboard['brand'],
): SceneLayer {
  const background = brand.colors.background;
  const described = scene.media;
  if (described?.type === 'video' && media?.kind === 'clip') {
    return {
      kind: 'clip',
      path: media.path,
      hash: media.hash,
      normalise: normaliseFilter(media),
      fit: described.fit,
      background,
      width: media.width,
      height: media.height,
      startS: media.startS,
      endS: media.startS + media.durationS,
      whenShort: described.whenShort,
    };
  }
  if (described?.type === 'image' && media?.kind === 'picture') {
    const effect = scene.effect ?? gentle[Number.parseInt(media.source.slice(0, 8), 16) % gentle.length]!;
    return {
      kind: 'still',
      picture: { path: media.path, hash: media.hash },
      fit: described.fit,
      background,
      effect,
    };
  }
  const colors =
    described?.type === 'gradient'
      ? described.colors
      : described?.type === 'color'
        ? around(described.color)
        : [brand.colors.background, brand.colors.primary];
  return { kind: 'still', picture: { colors }, fit: 'cover', background, effect: scene.effect ?? 'panRight' };
}

/** A plain colour with a little life: itself between a shade darker and a shade lighter. */
function around(color: string): string[] {
  const hex =
    color.length === 4 ? [...color.slice(1)].map((digit) => digit + digit).join('') : color.slice(1);
  const channels = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const shade = (factor: number): string =>
    `#${channels
      .map((value) =>
        Math.min(255, Math.round(value * factor))
          .toString(16)
          .padStart(2, '0'),
      )
      .join('')}`;
  return [shade(0.93), shade(1), shade(1.05)];
}
