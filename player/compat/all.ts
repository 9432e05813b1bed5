// Every adapter in one script, for every page of a site, and for the addresses of old scripts. The core comes from
// beside it when something is played. What a page has of its own stays: see offer() in core.ts.

import './videojs.ts'
import './mediaelement.ts'
import './flowplayer.ts'
import './markup.ts'
import './swfobject.ts'
import './jwplayer.ts'
import './flowplayer3.ts'
