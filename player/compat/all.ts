// Everything in one script: the core, and an adapter for whatever is on the page or comes onto it.

import * as Millrace from '../src/index.ts'

import './videojs.ts'
import './mediaelement.ts'
import './flowplayer.ts'
import './markup.ts'
import './swfobject.ts'

// Adapters look for it when something is played, which is later. A page that has it already keeps it.
if (!('Millrace' in window)) Reflect.set(window, 'Millrace', Millrace)
