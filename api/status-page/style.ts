/** The look of the status page: light and dark by the reader's own setting, phone and desk by width. */

export const style = `
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#16202c;--soft:#5b6775;--line:#e1e5ea;
--good:#17905a;--most:#6c981c;--some:#b87800;--bad:#d33f49;--none:#d5dae0;--work:#3b78d8;--link:#1c5fc4;--alarm:#b3232d}
@media(prefers-color-scheme:dark){:root{--ground:#10151b;--card:#182029;--ink:#e8edf2;--soft:#98a4b1;
--line:#28323d;--good:#35b87c;--most:#9ccb4d;--some:#e3b341;--bad:#f0616a;--none:#333f4b;--work:#6ea3f2;--link:#8db9ff;--alarm:#ff8a91}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);line-height:1.45;
font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
main{max-width:860px;margin:0 auto;padding:28px 20px 40px}
header{display:flex;justify-content:space-between;align-items:baseline;gap:16px}
h1{font-size:1.15rem;margin:0;font-weight:650}
h2{font-size:.95rem;margin:32px 0 10px;font-weight:650;color:var(--soft)}
a{color:var(--link)}
.overall{margin:18px 0 0;padding:18px 20px;border-radius:12px;background:var(--card);border:1px solid var(--line);
border-left:6px solid var(--tone)}
.overall strong{display:block;font-size:1.35rem;line-height:1.25}
.overall span{color:var(--soft);font-size:.88rem}
.note{margin:12px 0 0;padding:12px 16px;border-radius:10px;background:var(--card);border:1px solid var(--line)}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.part{padding:15px 20px}
.part+.part,.incident+.incident{border-top:1px solid var(--line)}
.top{display:flex;justify-content:space-between;gap:12px;align-items:baseline}
.name{font-weight:600;overflow-wrap:anywhere}
.state{font-weight:600;font-size:.9rem;white-space:nowrap}
.state::before{content:"";display:inline-block;width:.6em;height:.6em;border-radius:50%;background:var(--tone);margin-right:.45em}
.down .state{color:var(--alarm)}
svg{display:block}
.bars{width:100%;height:30px;margin:9px 0 3px}
.curve{width:96px;height:20px;fill:none;stroke:var(--soft);stroke-width:1.5;vector-effect:non-scaling-stroke}
.ends,.under{display:flex;justify-content:space-between;gap:4px 14px;flex-wrap:wrap;color:var(--soft);font-size:.8rem}
.under{margin-top:6px;font-size:.84rem}
.measured{display:flex;gap:9px;align-items:center}
.all{fill:var(--good)}.most{fill:var(--most)}.some{fill:var(--some)}.few{fill:var(--bad)}.none{fill:var(--none)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;margin:10px 2px 0;padding:0;list-style:none;color:var(--soft);font-size:.8rem}
.legend svg{display:inline-block;width:9px;height:9px;margin-right:6px}
.queue{display:grid;grid-template-columns:repeat(4,1fr);padding:16px 8px}
.queue div{padding:0 12px}
.queue b{display:block;font-size:1.5rem;line-height:1.2;font-weight:650;font-variant-numeric:tabular-nums}
.queue span{color:var(--soft);font-size:.84rem}
.aside{margin:0;padding:0 20px 14px;color:var(--soft);font-size:.84rem}
.incident{padding:13px 20px}
.incident p{margin:0}
.incident .when{color:var(--soft);font-size:.86rem}
.incident .name{border-left:3px solid var(--tone);padding-left:10px;margin-left:-13px}
.up{--tone:var(--good)}.down{--tone:var(--bad)}.unsteady{--tone:var(--some)}.maintenance{--tone:var(--work)}.unknown{--tone:var(--soft)}
.empty{padding:14px 20px;margin:0;color:var(--soft)}
footer{margin-top:28px;color:var(--soft);font-size:.84rem}
@media(max-width:560px){main{padding:20px 14px 32px}.part,.incident{padding:13px 15px}.empty{padding:13px 15px}
.queue{grid-template-columns:repeat(2,1fr);gap:12px 0;padding:14px 3px}.aside{padding:0 15px 13px}.overall strong{font-size:1.2rem}}
`;
