/** The voice picker: languages that can be spoken, their voices, and how each sounds. */
import type { GenScene, StoryboardInput, Voice } from '../../clients/genscene.ts';
import { find, option } from './dom.ts';

export type VoicePicker = {
  fill(voices: Voice[]): void;
  chosen(): { language: string; voice?: StoryboardInput['voice'] };
};

const samples: Record<string, string> = {
  en: 'This is how I would tell your story.',
  de: 'So würde ich Ihre Geschichte erzählen.',
  es: 'Así contaría yo tu historia.',
  fr: 'Voici comment je raconterais votre histoire.',
  it: 'Ecco come racconterei la tua storia.',
  pt: 'É assim que eu contaria a sua história.',
};

export function createVoicePicker(client: () => GenScene, failed: (error: unknown) => void): VoicePicker {
  const language = find<HTMLSelectElement>('language');
  const voice = find<HTMLSelectElement>('voice');
  const listen = find<HTMLButtonElement>('listen');
  const sound = new Audio();
  let all: Voice[] = [];

  const chosen: VoicePicker['chosen'] = () => {
    const found = all.find((each) => keyOf(each) === voice.value);
    return {
      language: language.value || 'en',
      ...(found ? { voice: { engine: found.engine as 'auto', name: found.name } } : {}),
    };
  };

  function fillVoices(): void {
    const fitting = all.filter((each) => primary(each.language) === primary(language.value));
    const wanted = sessionStorage.getItem('voice');
    voice.replaceChildren(
      option('', 'Best there is'),
      ...fitting.map((each) => option(keyOf(each), nameOf(each), keyOf(each) === wanted)),
    );
  }

  async function preview(): Promise<void> {
    listen.disabled = true;
    listen.textContent = '…';
    try {
      const { language: tag, voice: speaker } = chosen();
      const text = samples[primary(tag)] ?? samples['en']!;
      const answer = await client().speak(
        { text, language: tag, ...(speaker ? { voice: speaker } : {}), format: 'mp3' },
        { wait: true },
      );
      const job = 'url' in answer ? answer : await client().finished(answer.id);
      if (!job.url) throw new Error(job.error?.message ?? 'This voice could not be heard.');
      sound.src = job.url;
      await sound.play();
    } catch (error) {
      failed(error);
    } finally {
      listen.disabled = false;
      listen.textContent = 'Listen';
    }
  }

  language.addEventListener('change', () => {
    sessionStorage.setItem('language', language.value);
    fillVoices();
  });
  voice.addEventListener('change', () => sessionStorage.setItem('voice', voice.value));
  listen.addEventListener('click', () => void preview());

  return {
    fill(voices) {
      all = voices.filter((each) => each.engine !== 'none');
      const names = new Intl.DisplayNames(undefined, { type: 'language' });
      const tags = [...new Set(all.map((each) => primary(each.language)))].filter((tag) => tag !== 'und');
      const wanted = sessionStorage.getItem('language') ?? 'en';
      const options = tags
        .map((tag) => ({ tag, name: nameOfLanguage(names, tag) }))
        .toSorted((a, b) => a.name.localeCompare(b.name))
        .map(({ tag, name }) => option(tag, name, tag === wanted));
      language.replaceChildren(...options);
      fillVoices();
    },
    chosen,
  };
}

function keyOf({ engine, name }: Voice): string {
  return `${engine}/${name}`;
}

function nameOf({ engine, name, language, gender }: Voice): string {
  const region = language.includes('-') ? `, ${language}` : '';
  return `${name} (${engine}${region}${gender === 'unknown' ? '' : `, ${gender}`})`;
}

function primary(tag: string): string {
  return tag.split('-')[0]!.toLowerCase();
}

function nameOfLanguage(names: Intl.DisplayNames, tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}
