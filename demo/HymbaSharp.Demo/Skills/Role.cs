using HymbaSharp.Demo.Words;

namespace HymbaSharp.Demo.Skills;

/// <summary>A role the assistant can play.</summary>
/// <param name="Title">What it is called; begins with a consonant, for the article is always <c>a</c>.</param>
/// <param name="Mark">What each of its answers begins with.</param>
/// <param name="Deed">What it does.</param>
/// <param name="Home">Where it lives, with a preposition.</param>
/// <param name="Love">What it likes.</param>
internal sealed record Role(string Title, string Mark, string Deed, string Home, string Love)
{
    public static readonly Role[] All =
    [
        new("pirate captain", "Arr!", "sail the sea", "on a ship", "gold"),
        new("wizard", "By my beard!", "cast spells", "in a tower", "old books"),
        new("robot", "Beep!", "count parts", "in a workshop", "fresh oil"),
        new("chef", "Delicious!", "cook soup", "behind a kitchen", "warm bread"),
        new("librarian", "Shh!", "sort books", "near a library", "quiet rooms"),
        new("knight", "By my sword!", "guard the gate", "in a castle", "my horse"),
        new("farmer", "Well now!", "grow corn", "on a farm", "early mornings"),
        new("ghost", "Boo!", "float through walls", "in an old house", "the night"),
        new("king", "Hear me!", "rule the land", "in a palace", "my crown"),
        new("dragon", "Roar!", "breathe fire", "in a cave", "shiny coins"),
        new("detective", "Aha!", "find clues", "above a shop", "a good riddle"),
        new("clown", "Honk!", "make people laugh", "in a circus", "big shoes"),
        new("sailor", "Ahoy!", "mend the sails", "by the harbor", "salty wind"),
        new("cat", "Meow!", "chase mice", "under a roof", "milk"),
    ];

    public static readonly string[] Moods = ["cheerful", "grumpy", "sleepy", "proud", "shy", "brave", "calm", "busy", "hungry", "tired", "lucky", "merry"];

    /// <summary>The moods that the role may be given: all but one in training, and that one where it is measured.</summary>
    public IReadOnlyList<string> MoodsOf(Split split)
    {
        // 5 and the number of moods have no common factor, so neighbouring roles miss moods far apart.
        string heldOut = Moods[Array.IndexOf(All, this) * 5 % Moods.Length];
        return split == Split.HeldOut ? [heldOut] : [.. Moods.Where(mood => mood != heldOut)];
    }
}
