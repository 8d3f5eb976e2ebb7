"""What stands where: prepositions tie the mentions of a sentence together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from worldgen.spec.compounds import is_made
from worldgen.spec.reading import Mention
from worldgen.spec.senses import Collective, Preposition, Thing, WaterNoun

_REACH = 64
"""How many mentions back a compound or a pronoun is looked for, so that long prompts stay fast."""


@dataclass(slots=True)
class _Link:
    """A preposition with what stands before it."""

    preposition: Preposition
    subjects: list[Mention]
    after_break: bool
    orphan: bool = False
    """Whether what stands before it is unknown."""


class Relations:
    """Ties mentions together as they are read from left to right."""

    def __init__(self, mentions: list[Mention]) -> None:
        """Start with the list of mentions that the reader fills."""
        self.mentions = mentions
        self.group: list[Mention] = []
        """The mentions of this sentence that "and" joins; a preposition behind them is about all of them."""
        self.joining = False
        """Whether "and" was just read."""
        self._link: _Link | None = None
        self._listing: _Link | None = None
        """The relation that "and" carries on ("surrounded by pines and rocks")."""
        self._fronted: _Link | None = None
        """A place that was named before what stands there ("by the lake stands a cabin")."""
        self._fronted_targets: list[Mention] = []

    @property
    def open_relation(self) -> str | None:
        """The relation of the preposition that waits for its object and has a subject, or None."""
        return self._link.preposition.relation if self._link is not None and self._link.subjects else None

    @property
    def waits(self) -> bool:
        """Whether a preposition waits for its object."""
        return self._link is not None

    def end_sentence(self) -> None:
        """Forget everything that is only valid within a sentence."""
        self._link = self._listing = self._fronted = None
        self._fronted_targets = []
        self.group = []
        self.joining = False

    def comma(self, *, phrase_open: bool) -> None:
        """A comma ends lists; a preposition goes on waiting only inside a noun phrase."""
        self.joining = False
        self._listing = None
        if not phrase_open:
            self._link = None

    def drop_link(self) -> None:
        """The preposition's object is no thing ("at night")."""
        self._link = None

    def preposition(self, preposition: Preposition, *, orphan: bool, after_break: bool, ends: bool) -> None:
        """Read a preposition.

        Args:
            preposition: What it means.
            orphan: Whether it is about a word that is not understood.
            after_break: Whether it begins a part of the sentence.
            ends: Whether nothing comes behind it.
        """
        self._listing = None
        self._link = None
        if orphan:
            self._link = None if preposition.alone else _Link(preposition, [], after_break, orphan=True)
            return
        subjects = [mention for mention in self.group if not mention.negated]
        if not preposition.alone:
            self._link = _Link(preposition, subjects, after_break)
        elif subjects and (ends or not after_break):
            owned = any(subjects[-1] in other.members for other in self.mentions[-_REACH:])
            for subject in subjects[-1:] if owned else _heads(subjects):
                _stand(subject, preposition, [])
        elif preposition.relation != "on":
            self._fronted, self._fronted_targets = _Link(preposition, [], after_break), []

    def describe_subjects(self) -> list[Mention]:
        """What "made of" and "of" speak about."""
        return [] if self._link is None else self._link.subjects

    def pronoun(self, *, plural: bool) -> Mention | None:
        """Read "it" or "them": the object of the preposition, or the subject of what follows.

        Args:
            plural: Whether it stands for more than one.

        Returns:
            What it stands for, or None.
        """
        link, self._link = self._link, None
        if link is None:
            found = self._antecedent((), plural=plural)
            self.group = [] if found is None else [found]
            return found
        subjects = link.subjects[-1:]
        found = self._antecedent(subjects, plural=plural)
        if found is not None and link.subjects:
            self._relate(_Link(link.preposition, subjects, link.after_break), found)
        elif found is not None:
            self._fronted, self._fronted_targets = link, [found]
        return found

    def connect(self, mention: Mention, *, phrase_follows: bool) -> None:
        """Tie a new mention to the preposition before it, to a list, or to a place named first.

        Args:
            mention: The mention, already among ``mentions``.
            phrase_follows: Whether another noun phrase follows at once.
        """
        if self._link is not None:
            self._connect_object(mention, phrase_follows=phrase_follows)
            return
        if self.joining and self._continue_list(mention):
            return
        if self._fronted is not None:
            between = self._fronted.preposition.relation == "between"
            if self.joining and between and len(self._fronted_targets) == 1:
                self._fronted_targets.append(mention)
                return
            _stand(mention, self._fronted.preposition, list(self._fronted_targets))
            self._fronted, self._fronted_targets = None, []
        self.group = [*self.group, mention] if self.joining else [mention]

    def replace(self, modifier: Mention, mention: Mention) -> None:
        """Let a whole compound take the place of its first word wherever that was in a relation."""
        self.group = [mention if other is modifier else other for other in self.group]
        if self._fronted_targets:
            self._fronted_targets = [mention if other is modifier else other for other in self._fronted_targets]
        if mention.relation is None:
            mention.relation, mention.targets = modifier.relation, modifier.targets
        modifier.relation, modifier.targets = None, []
        for other in self.mentions[-_REACH:]:
            if other is not mention:
                other.targets = [mention if target is modifier else target for target in other.targets]
                other.members = [mention if target is modifier else target for target in other.members]
                other.made_of = [mention if target is modifier else target for target in other.made_of]

    def _connect_object(self, mention: Mention, *, phrase_follows: bool) -> None:
        link, self._link = self._link, None
        assert link is not None
        if link.orphan:
            self.group = [mention]
            return
        if not link.subjects or (link.after_break and phrase_follows):
            self._fronted, self._fronted_targets = link, [mention]
            self.group = self.group or [mention]
            return
        self._relate(link, mention)
        self._listing = link
        if link.preposition.relation == "with":
            self.group = [*link.subjects, mention]
        elif link.preposition.reverse:
            self.group = [mention]

    def _continue_list(self, mention: Mention) -> bool:
        """Whether a mention behind "and" belongs to the relation before it."""
        listing = self._listing
        if listing is None:
            return False
        relation = listing.preposition.relation
        if relation == "between":
            for subject in listing.subjects:
                if subject.relation == "between" and len(subject.targets) == 1:
                    subject.targets.append(mention)
            self._listing = None
            return True
        if relation in ("with", "of") or listing.preposition.reverse:
            self._relate(listing, mention)
            self.group = [*self.group, mention]
            return True
        return False

    def _relate(self, link: _Link, target: Mention) -> None:
        """Put the subjects of a preposition in relation to its object."""
        preposition = link.preposition
        if preposition.relation == "with":
            for subject in link.subjects:
                subject.members.append(target)
        elif preposition.relation == "of":
            link.subjects[-1].made_of.append(target)
        elif preposition.reverse:
            _stand(target, preposition, [link.subjects[0]])
        else:
            for subject in _heads(link.subjects):
                _stand(subject, preposition, [target])

    def _antecedent(self, subjects: Sequence[Mention], *, plural: bool) -> Mention | None:
        """What "it" stands for: the last thing that was not itself named as the place or part of another."""
        recent = self.mentions[-_REACH:]
        named_for_others = {id(other) for mention in recent for other in (*mention.targets, *mention.members)}
        candidates = [
            mention
            for mention in recent
            if mention not in subjects
            and not mention.negated
            and isinstance(mention.noun, Thing | Collective | WaterNoun)
        ]
        candidates = [mention for mention in candidates if mention.plural == plural] or candidates
        topics = [mention for mention in candidates if id(mention) not in named_for_others]
        return topics[-1] if topics else candidates[-1] if candidates else None


def _heads(subjects: Sequence[Mention]) -> list[Mention]:
    """Subjects that stand for themselves: what a castle has stands where the castle stands, not so for a lake."""
    for subject in subjects:
        if any(member is subjects[-1] for member in subject.members):
            return [subject] if is_made(subject) else [subjects[-1]]
    return list(subjects)


def _stand(subject: Mention, preposition: Preposition, targets: list[Mention]) -> None:
    relation = preposition.relation
    if relation == "with" or relation == "of" or relation == "made_of":
        return
    if subject.relation is None and subject not in targets:
        subject.relation, subject.targets = relation, targets
