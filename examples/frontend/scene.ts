/** One scene of the editor: its picture, its words, how it comes in and how long it stays. */
import type { GenScene, StoryboardInput } from '../../clients/genscene.ts';
import { make, option } from './dom.ts';

type SceneInput = StoryboardInput['scenes'][number];

/** What is kept of a scene, also over a reload of the page. */
export type SceneDraft = {
  text: string;
  picture:
    { colors: string[] } | { type: 'image' | 'video'; src: string; name: string; thumbnail: string | null };
  transition: string;
  /** Seconds; null for as long as the speech. */
  duration: number | null;
};

export type SceneCard = {
  element: HTMLLIElement;
  draft: SceneDraft;
  number(index: number, of: number): void;
  /** Shows faults of this scene, or none. */
  mark(faults: string[]): void;
  setShape(aspect: string): void;
};

export const palettes = [
  ['#0b3d5c', '#e8a33d'],
  ['#3b1d60', '#e0577d'],
  ['#0f4c3a', '#9bd770'],
  ['#5c1a1b', '#f2a65a'],
  ['#101820', '#4f6d8f'],
  ['#7b2ff7', '#22d1ee'],
];
const transitions = { fade: 'Fade', slide: 'Slide', wipe: 'Wipe', zoom: 'Zoom', circle: 'Circle', dissolve: 'Dissolve', none: 'Cut' }; // prettier-ignore

export function sceneCard(
  draft: SceneDraft,
  does: {
    client: () => GenScene;
    changed: () => void;
    moved: (by: -1 | 1) => void;
    removed: () => void;
    failed: (error: unknown) => void;
  },
): SceneCard {
  const badge = make('span', { class: 'number' });
  const frame = make('div', { class: 'frame' }, badge);
  const file = make('input', { type: 'file', accept: 'image/*,video/*', hidden: true });
  const swatches = palettes.map((colors) =>
    make('button', {
      type: 'button',
      style: `background: linear-gradient(135deg, ${colors.join(', ')})`,
      'aria-label': `Gradient ${colors.join(' to ')}`,
      onclick: () => show({ colors }),
    }),
  );
  const text = make('textarea', {
    placeholder: 'What is said in this scene',
    maxlength: 5000,
    'aria-label': 'Narration',
    oninput: () => keep({ text: text.value }),
  });
  text.value = draft.text;
  const transition = make(
    'select',
    { 'aria-label': 'Transition into this scene', onchange: () => keep({ transition: transition.value }) },
    ...Object.entries(transitions).map(([value, name]) => option(value, name, value === draft.transition)),
  );
  const duration = make('input', {
    type: 'number',
    min: 0.2,
    max: 600,
    step: 0.1,
    placeholder: 'auto s',
    'aria-label': 'Seconds; empty for as long as the speech',
    oninput: () => keep({ duration: duration.value === '' ? null : Number(duration.value) }),
  });
  duration.value = draft.duration === null ? '' : String(draft.duration);
  const up = make('button', { type: 'button', 'aria-label': 'Move up', onclick: () => does.moved(-1) }, '↑');
  const down = make(
    'button',
    { type: 'button', 'aria-label': 'Move down', onclick: () => does.moved(1) },
    '↓',
  );
  const remove = make(
    'button',
    { type: 'button', 'aria-label': 'Remove', onclick: () => does.removed() },
    '✕',
  );
  const wrong = make('p', { class: 'wrong', role: 'alert' });
  const element = make(
    'li',
    { class: 'card scene' },
    make(
      'div',
      { class: 'picture' },
      frame,
      make(
        'div',
        { class: 'swatches' },
        ...swatches,
        make('button', { type: 'button', class: 'upload', onclick: () => file.click() }, 'Upload'),
        file,
      ),
    ),
    make(
      'div',
      { class: 'words' },
      text,
      make(
        'div',
        { class: 'settings' },
        transition,
        duration,
        make('div', { class: 'tools' }, up, down, remove),
      ),
      wrong,
    ),
  );
  file.addEventListener('change', () => void upload(file.files?.[0]));

  function keep(change: Partial<SceneDraft>): void {
    Object.assign(draft, change);
    does.changed();
  }

  function show(picture: SceneDraft['picture']): void {
    const isGradient = 'colors' in picture;
    frame.style.backgroundImage = isGradient
      ? `linear-gradient(135deg, ${picture.colors.join(', ')})`
      : picture.thumbnail
        ? `url("${picture.thumbnail}")`
        : 'none';
    frame.querySelector('.name')?.remove();
    if (!isGradient) frame.append(make('span', { class: 'name' }, picture.name));
    swatches.forEach((swatch, index) =>
      swatch.setAttribute(
        'aria-pressed',
        String(isGradient && palettes[index]!.join() === picture.colors.join()),
      ),
    );
    if (draft.picture !== picture) keep({ picture });
  }

  async function upload(chosen: File | undefined): Promise<void> {
    if (!chosen) return;
    const bar = make('i', { style: 'width: 0' });
    const progress = make('div', { class: 'uploading' }, bar);
    frame.append(progress);
    try {
      const thumbnail = await thumbnailOf(chosen);
      const asset = await does.client().uploadAsset(chosen, {
        onProgress: ({ sent, total }) => (bar.style.width = `${(100 * sent) / total}%`),
      });
      if (asset.type === 'audio') throw new Error('This is a sound; a scene needs a picture or a clip.');
      show({ type: asset.type, src: asset.src, name: chosen.name, thumbnail });
    } catch (error) {
      does.failed(error);
    } finally {
      progress.remove();
      file.value = '';
    }
  }

  show(draft.picture);
  return {
    element,
    draft,
    number(index, of) {
      badge.textContent = String(index + 1);
      up.disabled = index === 0;
      down.disabled = index === of - 1;
      remove.disabled = of === 1;
      transition.disabled = index === 0;
    },
    mark(faults) {
      wrong.textContent = faults.join(' ');
      element.toggleAttribute('data-wrong', faults.length > 0);
    },
    setShape: (aspect) => (frame.style.aspectRatio = aspect.replace(':', ' / ')),
  };
}

/** As the service wants it. */
export function toScene({ text, picture, transition, duration }: SceneDraft, index: number): SceneInput {
  return {
    ...(text.trim() === '' ? {} : { text }),
    media:
      'colors' in picture
        ? { type: 'gradient', colors: picture.colors }
        : { type: picture.type, src: picture.src },
    ...(index === 0 ? {} : { transition: { type: transition } as NonNullable<SceneInput['transition']> }),
    // Without a word there is nothing to be as long as.
    ...(duration !== null ? { duration } : text.trim() === '' ? { duration: 3 } : {}),
  };
}

/** A small copy that a reload can show; null for what the browser cannot draw. */
async function thumbnailOf(file: File): Promise<string | null> {
  if (!file.type.startsWith('image/')) return null;
  const picture = await createImageBitmap(file, { resizeWidth: 360 }).catch(() => null);
  if (!picture) return null;
  const canvas = make('canvas', { width: picture.width, height: picture.height });
  canvas.getContext('2d')!.drawImage(picture, 0, 0);
  picture.close();
  return canvas.toDataURL('image/jpeg', 0.7);
}
