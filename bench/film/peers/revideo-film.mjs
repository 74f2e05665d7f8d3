/** The project revideo renders: the film on a canvas in the browser, its times as generators. */
import { all, chain, easeInOutQuad, makeProject, useScene, waitFor } from '@revideo/core';
import { Audio, Img, Node, Txt, Video, makeScene2D } from '@revideo/2d';

const font = new FontFace('PeerCaption', 'url(/NotoSans_700Bold.ttf)', { weight: '700' });
document.fonts.add(await font.load());

const scene = makeScene2D('film', function* (view) {
  const film = useScene().variables.get('film', null)();
  const [pictures, captions] = [new Node({}), new Node({})];
  yield view.add([
    pictures,
    captions,
    new Audio({ src: `/${film.narration}`, play: true }),
    new Audio({ src: `/${film.music}`, play: true, volume: film.musicVolume }),
  ]);
  yield* all(
    waitFor(film.seconds),
    ...film.scenes.map((one, index) => chain(waitFor(one.start), show(pictures, one, film, index > 0))),
    ...film.captions.map((cue) => chain(waitFor(cue.start), caption(captions, cue, film))),
  );
});

function* show(parent, { kind, file, seconds, effect }, film, fades) {
  const common = { src: `/${file}`, opacity: fades ? 0 : 1 };
  const node =
    kind === 'clip'
      ? new Video({ ...common, size: [film.width, film.height], play: true, volume: 0, decoder: 'web' })
      : new Img({ ...common, width: film.width });
  yield parent.add(node);
  yield* all(
    waitFor(seconds),
    fades ? node.opacity(1, film.fade, (t) => t) : waitFor(0),
    kind === 'photo' ? move(node, effect, seconds, film) : waitFor(0),
  );
  node.remove();
}

/** Zooms go to 1.12, pans travel a tenth of the frame, as ours do. */
function* move(node, effect, seconds, { width }) {
  if (effect === 'zoomIn') yield* node.scale(1.12, seconds, easeInOutQuad);
  else if (effect === 'zoomOut') {
    node.scale(1.12);
    yield* node.scale(1, seconds, easeInOutQuad);
  } else {
    const from = (effect === 'panRight' ? 0.05 : -0.05) * width;
    node.scale(1.1);
    node.x(from);
    yield* node.x(-from, seconds, easeInOutQuad);
  }
}

function* caption(parent, { start, end, text }, { height }) {
  const node = new Txt({
    text,
    y: height / 2 - 118,
    fontFamily: 'PeerCaption',
    fontWeight: 700,
    fontSize: 58,
    fill: 'white',
    stroke: 'black',
    lineWidth: 8,
    strokeFirst: true,
  });
  yield parent.add(node);
  yield* waitFor(end - start);
  node.remove();
}

export default makeProject({ scenes: [scene] });
