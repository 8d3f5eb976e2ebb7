"""English words that are one slip away from a word of the vocabulary, but mean what they say."""

from __future__ import annotations

_WORDS = """
    ached aches adored aground aline alloys altair alters anders andres applies arcana archers atlantis augusta
    augustus backed backs bacon bains balances balked bandana banked bares barged barked barkley barnes barons
    barron bartel bashes basis baskin bathes batter batters beached beaker beaks bedside bellow bellowing beret
    bering better betters bight bitches biter blanks bleach blocks blushes boasts boeing bolder booklet booklets
    books booming booms boots borges bowels bowles breach breaches breech breeches brics bride brides bridged
    brookes brunch brushed buffs bunyan burley burnet buses bushels butted butter butters butts byrnes campos
    campus canes cannes canons canter canton cantons canvass capper carats carnal carter caste castes castile
    cater centro champs chapin chapped charing charted charts cheery chilli chins chopper circe circled cites
    citrus clamping clamps clapped cleats clever clipboard cloves coats cobbles collapses coloured combing confer
    confers constricted cooper coors copes copped coral corals cornwallis cornwell corpse corpses costs countess
    counties county coupe coveted crafts cramping cramps cranes crapped cress crips criss crocs cropper crossed
    crowing crustal crusts cupped custer cuties daleks denise dessert desserts dingy doable doubly downes drafting
    dreamt drives drowns drying dulles dwells dyeing elven encloses ether excerpt expensive external facets facies
    faeces faking fallon famed farmed feces felled felling fenced ferried ferris fibres figured filed filling
    flaked flores flowered fonts fords fortis freeing fringes froggy furries gables gallen gallon gallons gasses
    gavel gente gentile george georges geyer ghastly gladys gleaming glided glides graces grads grasps grates
    graves greaves grimes grinds groove grooves grosses hallows halving hardy hatfield haven havens health hearst
    hearth heater heaters heats heaving hedged hinting hoarse hodges holmes homers homey homies homily hoses
    hostel hostels housed hunted inciting infinity isolates jingle jingles jogged kisses lacing lager lakers
    lances landes landis landscaped lansing lashes latches laughs laying leaved leavers ledges leiden lending
    leyden licking linen linens liners linked linking loaves locking lodged lombardi lombardo madhouse males
    manson marches maria marian mariana marine marines marino marker markers markey marple marque marques martin
    martina martins masque massie meddle mental merges metres mexicana minister ministers minors mister monson
    moores mooted morons motoring motors mourning muddle multiply munster needed needless nested nether overheard
    pacifica packet paddles pains pants papas pariah parkes parrish party passed passers patched pathos pearls
    peddle perches perish picker pickett pilar pipers pisses pitches places plaid planck planet planets plans
    pliers pocket polaris popular poring portly posits posses posture postures pounds pouting priori province
    provinces psalms pubic publix puebla puppies quits rabble racine rages ragged raids raine rained raines raises
    raising ranchers ranged rangers ranging rashes readies refugee refugees remedies remedy residencies residency
    riches rides riding rigged rinsing risers risking rivera rivets rockwell rollins rovers rowling ruble rubles
    ruining rushed rushers sable sacks saliva salva sanding sandown scare scares scored scorers scotts scotus
    scouts screens screws sculptured searing seeps sender serena serine serra settling severn shanti shares
    shingle shitting shocks shoes shreds shucks sight sills silvia simmer singe singly sires siting skiers slander
    sledge sleight slides slitting sliver sloped smoked smokers smurfs sober sobre solent solver sombra somers
    sommers sorcerers sores sowed sowing spare spares sparing spawns specious spies spinning spitting splint
    spoils spores sprang sprig sprigs sprung squared squire squires staged stags stairs stale stalks stamps stans
    stares starks starlet starts state states stature status statuses statute statutes steam steele steeply
    stepped steps steven sticks stills stocks stomps stoned stoners stopping stories story strand stranding
    strands streep strictures structured subset subsets subtly sumer summary sumner swaps sylvia tables tacked
    tacks tails talker tallis tapped teensy teller tempe tenets tenths terran thales theses theseus theyre thicker
    thickest thirsty thorin thorough thrace threes throughput tiber ticked ticket tickets tiller timbre timer
    timers topical topics toppled torched tories torrens trance trials tricks tripe tripped trough typhus valdes
    values valves verbal violent volley volleys wacker waiter waiters walked wallis wallow walter walters washes
    washing watching watters weaves welles westland wether whats wicket wields wildest willed wished wizards wooed
"""

REAL_WORDS: frozenset[str] = frozenset(_WORDS.split())
"""Words that are never corrected."""
