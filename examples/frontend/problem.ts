/** What went wrong, and what to do about it, in words for the person at the page. */
import { GenSceneError } from '../../clients/genscene.ts';
import { make } from './dom.ts';

const advice: Record<string, string> = {
  unauthorized:
    'The service showed its key once, at its first start; further ones are set by API_KEYS. Look for spaces around it.',
  network: `Is the service running, and is the address right? It must also allow this page: start it with CORS_ORIGINS=${location.origin}`,
  rate_limited: 'Wait a minute; this key has asked too often.',
};

export function showProblem(place: HTMLElement, error: unknown): void {
  const known = error instanceof GenSceneError ? error : null;
  const message = known?.message ?? (error instanceof Error ? error.message : String(error));
  const hint = (known && advice[known.code]) ?? known?.hint;
  place.replaceChildren(
    make(
      'div',
      { class: 'problem' },
      make('strong', {}, message),
      hint && make('span', {}, hint),
      known && known.issues.length > 0
        ? make(
            'ul',
            {},
            ...known.issues
              .slice(0, 8)
              .map(({ path, message: fault }) => make('li', {}, make('code', {}, path), ` ${fault}`)),
          )
        : null,
    ),
  );
}
