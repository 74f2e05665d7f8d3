/** The composition Remotion renders: the film as React elements, each frame drawn by the browser. */
import { createElement as h } from 'react';
import {
  AbsoluteFill,
  Audio,
  Composition,
  Easing,
  Img,
  OffthreadVideo,
  Sequence,
  continueRender,
  delayRender,
  getInputProps,
  interpolate,
  registerRoot,
  staticFile,
  useCurrentFrame,
} from 'remotion';

const ease = Easing.inOut(Easing.quad);

function Film({ film }) {
  const frames = (s) => Math.round(s * film.fps);
  return h(
    AbsoluteFill,
    { style: { backgroundColor: 'black' } },
    film.scenes.map((scene, index) =>
      h(
        Sequence,
        { key: index, from: frames(scene.start), durationInFrames: frames(scene.seconds), layout: 'none' },
        h(Scene, { scene, total: frames(scene.seconds), fade: index > 0 ? frames(film.fade) : 0 }),
      ),
    ),
    film.captions.map(({ start, end, text }, index) =>
      h(
        Sequence,
        {
          key: `c${index}`,
          from: frames(start),
          durationInFrames: frames(end) - frames(start),
          layout: 'none',
        },
        h(Caption, { text }),
      ),
    ),
    h(Audio, { src: staticFile(film.narration) }),
    h(Audio, { src: staticFile(film.music), volume: (frame) => musicVolume(film, frame / film.fps) }),
  );
}

function Scene({ scene, total, fade }) {
  const frame = useCurrentFrame();
  const opacity = fade ? interpolate(frame, [0, fade], [0, 1], { extrapolateRight: 'clamp' }) : 1;
  const look = { width: '100%', height: '100%', objectFit: 'cover' };
  const src = staticFile(scene.file);
  const done = ease(Math.min(1, frame / (total - 1)));
  return h(
    AbsoluteFill,
    { style: { opacity, overflow: 'hidden' } },
    scene.kind === 'clip'
      ? h(OffthreadVideo, { src, muted: true, style: look })
      : h(Img, { src, style: { ...look, transform: motion(scene.effect, done) } }),
  );
}

/** Zooms go to 1.12, pans travel a tenth of the frame, as ours do. */
function motion(effect, done) {
  if (effect === 'zoomIn') return `scale(${1 + 0.12 * done})`;
  if (effect === 'zoomOut') return `scale(${1.12 - 0.12 * done})`;
  const from = effect === 'panRight' ? 1 : -1;
  return `translateX(${from * (0.5 - done) * 9.09}%) scale(1.1)`;
}

function Caption({ text }) {
  return h(
    AbsoluteFill,
    { style: { justifyContent: 'flex-end', alignItems: 'center', paddingBottom: 80 } },
    h(
      'div',
      {
        style: {
          font: '700 58px PeerCaption',
          color: 'white',
          textAlign: 'center',
          WebkitTextStroke: '8px black',
          paintOrder: 'stroke fill',
        },
      },
      text,
    ),
  );
}

/** Ducked by hand: down in 0.2 s before a sentence, up in 0.4 s after it. */
function musicVolume(film, now) {
  let volume = film.musicVolume;
  for (const { speechStart, speechEnd } of film.scenes)
    volume = Math.min(
      volume,
      interpolate(
        now,
        [speechStart - 0.2, speechStart, speechEnd, speechEnd + 0.4],
        [film.musicVolume, film.duckedVolume, film.duckedVolume, film.musicVolume],
        { extrapolateLeft: 'clamp', extrapolateRight: 'clamp' },
      ),
    );
  return volume;
}

function Root() {
  return h(Composition, {
    id: 'film',
    component: Film,
    width: 1920,
    height: 1080,
    fps: 30,
    durationInFrames: 1,
    defaultProps: { film: null },
    calculateMetadata: ({ props }) => ({
      durationInFrames: props.film.frames,
      width: props.film.width,
      height: props.film.height,
      fps: props.film.fps,
    }),
  });
}

const waiting = delayRender('font');
const font = new FontFace('PeerCaption', `url(${staticFile(getInputProps().film.font)})`, { weight: '700' });
void font.load().then(() => {
  document.fonts.add(font);
  continueRender(waiting);
});
registerRoot(Root);
