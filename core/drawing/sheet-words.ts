/** The few words a storyboard sheet says by itself, in the languages the bots speak. */

type SheetWords = {
  scenes: (count: number) => string;
  decimal: '.' | ',';
  transitions: Readonly<Record<string, string>>;
};

const english: SheetWords = {
  scenes: (count) => `${count} ${count === 1 ? 'scene' : 'scenes'}`,
  decimal: '.',
  // Their names in a storyboard are English already.
  transitions: {},
};

const spanish: SheetWords = {
  scenes: (count) => `${count} ${count === 1 ? 'escena' : 'escenas'}`,
  decimal: ',',
  transitions: {
    fade: 'fundido',
    dissolve: 'disolvencia',
    wipe: 'cortinilla',
    slide: 'deslizar',
    smooth: 'suave',
    circle: 'círculo',
    zoom: 'zoom',
    fadeblack: 'a negro',
    fadewhite: 'a blanco',
  },
};

/** @param language BCP-47; English for all that are not Spanish */
export function sheetWords(language: string): SheetWords {
  return /^es\b/i.test(language) ? spanish : english;
}
