/** Light or dark as chosen last, before anything is drawn. */

import { chosenTheme, setTheme } from './theme.ts';

setTheme(chosenTheme());
