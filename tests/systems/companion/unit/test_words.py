"""Words and their levels: a labelled set, written from the rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.words import digest_of, level_of, normalised

LABELLED = """
2 I fell
2 I fell down
2 i FELL in the kitchen
2 I have fallen
2 I've fallen and I can't get up
2 Help, I fell
2 help me I fell
2 I fell!
2 I fell.
2 "I fell"
2 I... fell
2 He fell
2 My wife fell
2 I think I fell
2 I am not sure but I fell
2 I am not well and I fell
2 no, I fell
2 no I am not fine I fell
2 I did not eat and then I fell
2 I am bleeding
2 my hand is bleeding
2 BLEEDING
2 it is bleeding a lot
2 I cannot stop the bleeding
2 I can not stop the bleeding
2 there is blood, I am bleeding
2 I have chest pain
2 Chest pain!
2 chest-pain
2 my chest pain is back
2 the chest pain does not stop
2 fire
2 there is a fire
2 FIRE FIRE FIRE
2 fire, help
2 the kitchen is on fire
2 I see fire and smoke
2 I can't breathe
2 I cant breathe
2 I cannot breathe
2 I can not breathe
2 CAN'T BREATHE
2 help I can't breathe
2 I hurt
2 I am hurt
2 my leg hurts
2 it hurts
2 it HURTS!
2 I hurt my arm
2 I am in pain
2 so much pain
2 pain
2 my back is in pain
2 I can not bear the pain
2 I am lost and I fell
2 I am scared because I am bleeding
2 where am I, I fell
2 I am confused, there is fire
2 I have never had such pain
2 I am not hungry, I am hurt
2 not now, it hurts
2 I never said that it hurts
2 do not worry, I fell
2 nothing works, I am bleeding
2 I did not call because of the pain
2 without my glasses I fell
2 my chest is fine but the pain in my leg is bad
2 please come, my head hurts
2 the pain is back
2 I fell yesterday
2 has somebody fallen
2 no my chest hurts
2 no the pain is bad
2 no the kitchen is on fire
2 no my hand is bleeding
2 no am hurt
2 no fell
2 no hurts
2 no no my chest hurts
2 no can't breathe
2 nothing can't breathe
2 I have never been in more pain
2 I have never had more pain
2 I have not been in more pain
2 I was never in any more pain
2 not really my chest hurts
2 not at all the pain is bad
2 never my chest hurts
2 nothing my chest hurts
2 nothing pain
2 I am never without pain
2 I am not without pain
2 I am never not in pain
2 I do not want the pain
2 I don't need any more pain
2 I can take no more the pain is bad
1 I am scared
1 I'm scared
1 SCARED
1 I am scared of the dark
1 I am so confused
1 confused
1 I am confused today
1 I am lost
1 I lost my keys
1 Lost!
1 I feel lost
1 where am I
1 Where am I?
1 WHERE AM I
1 where... where am I
1 tell me where am I now
1 help
1 Help!
1 please help me
1 HELP ME
1 can you help me
1 I need help
1 help me find my glasses
1 I am not hurt but I am scared
1 no pain, but I am lost
1 I am not well and I am confused
1 I am not bleeding, help
1 no one can help me
1 nobody came to help
1 I can not find the help button
1 I don't know where I am, where am I
1 I am not sure, I am lost
1 never mind, I am scared
1 my mother is lost
1 I am scared and confused
1 not today, I am confused
1 is there help
1 who can help
1 I do not know the help desk
1 without you I am lost
1 no help me
1 no no help me
1 nothing help me
1 no need help
1 no scared
1 no lost
1 no where am I
1 nothing confused
1 I have never been more scared
1 I have never been more confused
1 I have not been more scared
1 no my help is late
0 hello
0 good morning
0 how are you
0 what day is it
0 what is for lunch
0 tell me about my day
0 I am not hurt
0 I'm not hurt
0 I am not in pain
0 I am not in any pain
0 no pain
0 no pain today
0 no chest pain
0 I have no chest pain
0 I have no pain
0 I do not have pain
0 I don't have any pain
0 I do not feel any pain
0 without pain
0 no more pain
0 I am not bleeding
0 it isn't bleeding
0 there is no fire
0 there isn't a fire
0 it does not hurt
0 it doesn't hurt
0 nothing hurts
0 I never fell
0 I have not fallen
0 I haven't fallen
0 I am not scared
0 I'm not scared any more
0 I am not confused
0 I wasn't confused
0 I am not lost
0 I do not need help
0 I don't need any help
0 no help
0 no help please
0 do not help me
0 no no pain
0 no not hurt
0 no more chest pain
0 I have no more pain
0 I am no longer in pain
0 I no longer have the pain
0 I am no longer scared
0 I no longer need help
0 I don't have any more pain
0 I do not have the pain
0 I do not want any help
0 I can sleep without the pain
0 nothing at all hurts
0 there is no bleeding
0 not lost
0 the fireplace is warm
0 firefighters are brave
0 I like fireworks
0 campfires are nice
0 she is painting
0 the painter came
0 it was painless
0 this is painful work
0 you are helpful
0 a helper came
0 helpless
0 the lostness
0 a hurtful word
0 fellow
0 my fellow is here
0 where I am it is sunny
0 where is the cat and am I late
0 am I where I should be
0 I can swim and breathe under water
0 I can breathe
0 can you teach me to breathe
0 breathe
0 can not the cat breathe
0 my chest is full of books
0 a chest of drawers
0 scare
0 confusing
0 the confusion is over
0 I can't find the door
0 thank you
0 play some music
0 who is my daughter
0 what are my pills
0 what is planned today
0 tell me a story
"""
CASES = [(int(line[0]), line[2:]) for line in LABELLED.strip().splitlines()]


def test_the_set_is_large() -> None:
    assert len(CASES) >= 150
    assert len({words for _, words in CASES}) == len(CASES)


@pytest.mark.parametrize(("level", "words"), CASES)
def test_words_have_their_level(level: int, words: str) -> None:
    assert level_of(words) == level


@pytest.mark.parametrize(("level", "words"), [case for case in CASES if "'" not in case[1]])
def test_case_and_spaces_change_nothing(level: int, words: str) -> None:
    assert level_of(f"  {words.upper()}  ") == level


@given(st.text())
def test_any_text_has_a_level(words: str) -> None:
    assert level_of(words) in (0, 1, 2)
    assert normalised(normalised(words)) == normalised(words)


def test_repetitions_are_compared_without_case_and_punctuation() -> None:
    assert digest_of("What day is it?") == digest_of("what, DAY is   it")
    assert digest_of("What day is it?") != digest_of("What day was it?")


def test_the_apostrophe_of_a_keyboard_or_a_book_is_the_same() -> None:
    assert level_of("I can\u2019t breathe") == level_of("I can't breathe") == 2
