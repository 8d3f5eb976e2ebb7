"""Words without effect: the style of a picture, what these worlds never hold, and function words."""

from __future__ import annotations

from collections.abc import Mapping

from worldgen.spec.senses import Absent, Sense, Stop, Style


def _same(sense: Sense, text: str) -> dict[str, Sense]:
    return {" ".join(phrase.split()): sense for phrase in text.split("|")}


_STYLES = """
    photorealistic | photo realistic | realistic | hyperrealistic | hyper realistic | realism | photorealism |
    ultra realistic | 4k | 8k | 2k | 16k | uhd | hdr | hd | full hd | ultra hd | high resolution | highres |
    hires | high quality | best quality | high detail | highly detailed | detailed | intricate |
    intricate detail | ultra detailed | hyper detailed | insanely detailed | extremely detailed |
    finely detailed | masterpiece | unreal engine | unreal engine 5 | ue5 | unreal | unity | unity3d | octane |
    octane render | vray | v ray | blender | cycles | redshift | houdini | rendered | rendering | render | 3d |
    3d render | cgi | vfx | ray tracing | ray traced | raytraced | path traced | global illumination |
    volumetric | volumetric lighting | volumetric light | volumetric fog light | god rays | godrays |
    trending on artstation | artstation | deviantart | award winning | professional | cinematic |
    cinematic lighting | film still | movie still | photography | photograph | photo | photographic | raw photo |
    picture | image | painting | oil painting | watercolor | watercolour | illustration | concept art |
    digital art | matte painting | artwork | art | drawing | sketch | anime | cartoon | stylized | stylised |
    low poly | lowpoly | voxel | pixel art | minimalist | impressionist | fantasy art | fantasy | wide angle |
    wide shot | ultra wide | aerial view | aerial | drone shot | drone | bird eye view | birds eye view |
    close up shot | telephoto | fisheye | panorama | panoramic | 360 | 360 degree | equirectangular | vr | bokeh |
    depth of field | sharp focus | sharp | in focus | focus | 35mm | 50mm | 85mm | dslr | canon | nikon |
    composition | scenery | scenic | landscape | environment | backdrop | wallpaper | video game | game |
    game ready | game level | level | map | open world | world | beautiful | gorgeous | stunning | breathtaking |
    amazing | wonderful | lovely | pretty | spectacular | incredible | awesome | nice | perfect | picturesque |
    fabulous | magnificent | marvelous | impressive | striking | exquisite | aesthetic | atmospheric |
    atmosphere | ambience | ambient | mood | vibe | feeling | immersive | vivid | vivid colors | colorful |
    colourful | rich colors | natural | nature | natural lighting | natural light | soft light | soft lighting |
    studio lighting | rim light | texture | textured | high poly | pbr | seamless | style | stylistic | quality |
    resolution | ultra | hyper | super | extremely | hyperdetailed | insane | view | scene | shot | vista |
    setting | winding | meandering | curving | twisting | medieval | rustic | traditional | quaint | old |
    ancient | weathered | aged | age old | simple | little known | old fashioned | victorian | gothic | viking |
    norse | celtic | roman | 3d model | asset | lifelike | true to life | national geographic | visible |
    splash art | key art | outdoor | outdoors | exterior | beauty | postcard | dramatic lighting |
    moody lighting | ultra high definition | high definition | hyper detail | detail
"""

STYLES: Mapping[str, Sense] = _same(Style(), _STYLES)

_ABSENT = """
    floating island | sky island | tide pool | rock pool | swimming pool | person | people | human | humans |
    man | men | woman | women | child | crowd | animal | bird | horse | cow | sheep | cattle | dog | cat | car |
    vehicle | truck | text | watermark | logo | signature | letter | word | border | frame | blur | noise |
    artifact | character | figure | monster | creature | villager | farmer | player | npc | enemy | power line |
    sign | wind | plane | airplane | drone vehicle | modern building | tourist | soul | life
"""

ABSENT: Mapping[str, Sense] = _same(Absent(), _ABSENT)

_STOPS = """
    nothing else | nothing | leaning | hidden | else | rising | setting | open | opposite | moored | anchored |
    docked | on top | at the top | at the summit | together | around here | there | here | where | which | who |
    whose | what | when | while | as | like | just | nothing but | very | quite | so | too | really | only |
    even | more | most | less | than | then | thus | such | each | every | all | any | other | others | own |
    same | up | down | out | off | away | from | to | towards | toward | for | about | onward | if | because |
    since | until | during | will | would | should | could | can | may | might | must | shall | do | does | did |
    done | get | gets | got | go | goes | going | come | comes | coming | make | makes | making | create |
    generate | build | show | showing | shows | imagine | depict | depicting | draw | want | need | please | let |
    give | put | add | include | place | placed | located | situated | set | i | we | you | he | she | me | us |
    one of | kind of | sort of | type of | part of | side of | piece of | stand | stands | standing | sit | sits |
    sitting | seated | lie | lies | lying | rest | rests | resting | rise | rises | loom | looms | looming |
    lead | leads | leading | run | runs | running | flow | flows | flowing | wind through | pass | passes |
    passing | stretch | stretches | stretching | reach | reaches | reaching | extend | extends | grow | grows |
    growing | scattered around | hang | hangs | hanging | fill | fills | filled | cover | covers | covered |
    surround | surrounds | surrounded | overlook | overlooks | shine | shines | shining | cross | crosses |
    drift | drifts | drifting | float | floats | floating | fall on | falls | falling | rolling in | rolls in |
    nestle | nestles | nestled | perch | perched | lined | built | made | found | seen | see | looking |
    towers over | towering over | tower over | towers above | rising above | rises above | appear | appeared |
    remain | remained | left | right | middle | center | centre | heart | edge | top | bottom | front | back |
    end | area | spot | somewhere | everywhere | far | ever | already | almost | slightly | somewhat | fairly |
    rather than | gently | softly | slowly | deeply | partly | partially | mostly | completely | totally | fully |
    richly | neatly | time | hour | weather | season | climate | first person | at all | under a | of the |
    beyond that | it all | much | well hidden | not only | both sides | that is | etc | e | s | t | re | ve | ll |
    tree line | treeline | whole | typical | usual | single file | various kinds of | different kinds of |
    kinds of | no matter | without a doubt | no longer | no less | in full | off the | out of | i want |
    i would like | would like | like to | my dream | id like | under an open | against a | against the | thing |
    things | something | anything | lots | bit | number | group | couple of different | x | reflect | reflects |
    reflecting | reflection | has been | have been | been | cast | casts | casting | giving | gives | creating |
    creates
"""

STOPS: Mapping[str, Sense] = _same(Stop(), _STOPS)
