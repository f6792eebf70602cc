/** What runs in the browser: keeps the page live, follows its links, sends its actions. */

import { h } from '../element.ts';
import { at } from '../fleet-path.ts';
import { forgetNotice, startActions } from './actions.ts';
import { sayAway, sayThere } from './connection.ts';
import { countUp, show, showContent, shownNow } from './draw.ts';
import { type End, Feed } from './feed.ts';
import { startNavigation } from './navigate.ts';
import { basePath, elementOf, firstView, loginAddress } from './place.ts';
import { redrawPlots } from './plots.ts';
import { sayChange } from './said.ts';
import { applyDelta, toShown } from './shown.ts';
import { takeTurns } from './tabs.ts';
import { startThemeButton } from './theme.ts';

function start(first: string): void {
  let view = first;
  const feed = new Feed({
    onDocument(of, document) {
      sayThere();
      if (of !== view) return;
      show(toShown(of, document));
      sayChange(document);
      setBusy(false);
    },
    onDelta(of, delta) {
      sayThere();
      const shown = shownNow();
      if (of !== view || shown?.view !== of) return;
      const next = applyDelta(shown, delta);
      show(next);
      sayChange(next.document);
    },
    onAway: sayAway,
    onEnd: (why, problem) => end(why, view, problem),
  });
  startNavigation((next) => {
    view = next;
    forgetNotice();
    setBusy(true);
    feed.start(view, feed.mode === 'poll' ? 'poll' : 'stream');
  });
  takeTurns(basePath, {
    onLead: () => feed.start(view, 'stream'),
    onFollow: () => feed.start(view, 'poll'),
    onHidden: () => feed.stop(),
  });
  startActions();
  countUp();
}

/** What is shown still is of what was looked at before. */
function setBusy(isBusy: boolean): void {
  elementOf('view').setAttribute('aria-busy', String(isBusy));
}

function end(why: End, view: string, problem?: string): void {
  setBusy(false);
  if (why === 'login') location.assign(loginAddress(view));
  else if (why === 'proxy') location.reload();
  else if (why === 'host') showProblem('This host is not known here, or no longer.');
  else showProblem(problem ?? 'The server refuses it.');
}

function showProblem(text: string): void {
  showContent(
    h(
      'div',
      { class: 'problem-page', role: 'alert' },
      h('h1', {}, 'Not there'),
      h('p', {}, text),
      h('p', {}, h('a', { href: at(basePath, '/') }, 'To the fleet')),
    ),
  );
}

startThemeButton(elementOf('theme'), redrawPlots);
if (firstView !== undefined) start(firstView);
