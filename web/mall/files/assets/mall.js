// What the members' pages do better with a script. Each works without it.
"use strict";
