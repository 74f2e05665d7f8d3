/**
 * The client's requests by axios, as pages made with Lovable send them. Streams of events stay with
 * the browser's fetch: XMLHttpRequest, which axios uses, hands out an answer only when it is whole.
 */
import axios, { isAxiosError, isCancel } from 'axios';
import type { GenSceneOptions } from '../../clients/genscene.ts';

const http = axios.create({
  timeout: 30_000,
  responseType: 'text',
  // The client reads answers, errors too, by itself.
  transformResponse: (text: string) => text,
  validateStatus: () => true,
});

/** No answer with these has a body, and a Response refuses one. */
const BODILESS = [204, 205, 304];

export const byAxios: NonNullable<GenSceneOptions['fetch']> = async (url, init) => {
  const headers = Object.fromEntries(new Headers(init.headers));
  if (headers['accept'] === 'text/event-stream') return fetch(url, init);
  try {
    const answer = await http.request<string>({
      url,
      headers,
      ...(init.method ? { method: init.method } : {}),
      ...(init.body ? { data: init.body } : {}),
      ...(init.signal ? { signal: init.signal } : {}),
    });
    return new Response(BODILESS.includes(answer.status) ? null : answer.data, {
      status: answer.status,
      headers: Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
      ),
    });
  } catch (error) {
    if (isCancel(error)) throw init.signal?.reason ?? error;
    // "Network Error": no answer, or one that the browser keeps from us; fetch says it by a TypeError.
    throw isAxiosError(error) ? new TypeError(error.message, { cause: error }) : error;
  }
};
