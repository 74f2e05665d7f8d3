/**
 * Drafts: the same film small and quick, with a storyboard sheet, until someone approves it. What the
 * film will be is written into the draft's own metadata, so that nothing else has to be kept.
 */
import type { Job } from '../core/schema/job.ts';
import { qualities, resolutions, type Storyboard, type StoryboardInput } from '../core/schema/storyboard.ts';

const MARK = 'chatDraft';

export type DraftWish = {
  resolution: Storyboard['output']['resolution'];
  quality: Storyboard['output']['quality'];
};

/** The storyboard as a draft of itself, 360 px on its short side. */
export function asDraft(storyboard: StoryboardInput): StoryboardInput {
  const { resolution = '1080', quality = 'standard' } = storyboard.output ?? {};
  return {
    ...storyboard,
    output: { ...storyboard.output, resolution: 'preview', quality: 'draft' },
    metadata: { ...storyboard.metadata, [MARK]: `${resolution} ${quality}` },
  };
}

/** The film a draft is of. */
export function asFilm(draft: Storyboard): Storyboard {
  const wish = readDraft(draft.metadata ?? null);
  if (!wish) return draft;
  const { [MARK]: _mark, ...metadata } = draft.metadata ?? {};
  return { ...draft, output: { ...draft.output, ...wish }, metadata };
}

/** What a draft is to become; null if the job is no draft. */
export function readDraft(metadata: Job['metadata']): DraftWish | null {
  const mark = metadata?.[MARK];
  if (typeof mark !== 'string') return null;
  const [resolution, quality] = mark.split(' ');
  return {
    resolution: resolutions.find((known) => known === resolution) ?? '1080',
    quality: qualities.find((known) => known === quality) ?? 'standard',
  };
}
