namespace HymbaSharp.Demo.Words;

/// <summary>The ordinary words of the corpus. Few: a tiny model learns each from what it sees it do.</summary>
internal static class Vocabulary
{
    public static readonly string[] FirstNames =
    [
        "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas", "Karin", "Lena", "Maria", "Nils", "Olga", "Paul",
        "Rosa", "Simon", "Tom", "Vera", "Walter", "Yara", "Alice", "Bruno", "Carl", "Diana", "Eric", "Frida", "George", "Helen", "Ivan", "Julia",
        "Kevin", "Laura", "Martin", "Nora", "Oscar", "Peter", "Ruth", "Sarah", "Thomas", "Ursula", "Victor", "William", "Zoe", "Ada", "John", "Mary",
        "James", "Linda", "Robert", "Susan", "Michael", "Karen", "Daniel", "Lisa", "Mark", "Sofia", "Lucas", "Mia", "Leo", "Eva", "Max", "Ella",
    ];

    public static readonly string[] LastNames =
    [
        "Smith", "Jones", "Brown", "Miller", "Wilson", "Moore", "Taylor", "Clark", "Lewis", "Young", "Hall", "Allen", "King", "Wright", "Scott",
        "Green", "Adams", "Nelson", "Carter", "Parker", "Evans", "Turner", "Collins", "Stewart", "Morris", "Cook", "Rogers", "Morgan", "Cooper",
        "Reed", "Bailey", "Bell", "Jensen", "Berg", "Fischer", "Weber", "Keller", "Huber", "Meyer", "Vogel", "Rossi", "Silva", "Lopez", "Garcia",
        "Novak", "Kovac", "Larsen", "Olsen", "Dubois", "Martin",
    ];

    public static readonly string[] Places =
    [
        "Paris", "London", "Berlin", "Rome", "Madrid", "Vienna", "Zurich", "Oslo", "Lisbon", "Dublin", "Prague", "Warsaw", "Athens", "Geneva", "Milan",
        "Naples", "Turin", "Lyon", "Hamburg", "Munich", "Boston", "Chicago", "Dallas", "Denver", "Seattle", "Houston", "Toronto", "Sydney", "Tokyo",
        "Kyoto", "Delhi", "Cairo", "Lima", "Bern", "Basel", "Graz", "Bergen", "Malmo", "Ghent", "Porto", "Seville", "Bristol", "Oxford", "Leeds", "York",
    ];

    public static readonly string[] Colors = ["red", "blue", "green", "white", "black", "yellow", "brown", "gray", "pink", "silver"];
    public static readonly string[] Days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    public static readonly string[] Foods = ["bread", "cheese", "soup", "rice", "honey", "fish", "cake", "corn", "milk", "tea", "jam", "butter"];
    public static readonly string[] Goods = ["glass", "cheese", "bells", "boats", "honey", "wool", "salt", "lamps", "shoes", "carpets", "roses", "pots"];
    public static readonly string[] Materials = ["wood", "stone", "iron", "glass", "clay", "copper", "steel", "brick"];
    public static readonly string[] Instruments = ["flute", "drum", "violin", "piano", "guitar", "horn", "harp", "trumpet"];

    public static readonly string[] Jobs =
    [
        "baker", "teacher", "doctor", "farmer", "painter", "singer", "sailor", "carpenter", "gardener", "driver", "lawyer", "nurse", "writer", "cook",
        "tailor", "miner", "pilot", "judge", "potter", "smith",
    ];

    public static readonly string[] Animals = ["goats", "hens", "horses", "cats", "cows", "ducks", "sheep", "dogs", "bees", "pigs"];
    public static readonly string[] Shops = ["bakery", "school", "inn", "shop", "library", "clinic", "farm", "cafe", "hotel", "mill", "theater", "bank"];
    public static readonly string[] Relatives = ["sister", "brother", "teacher", "neighbor", "friend", "boss", "doctor", "mother", "father", "partner", "cousin", "wife", "husband"];
    public static readonly string[] Buildings = ["church", "bridge", "tower", "house", "mill", "gate", "wall", "hall"];
    public static readonly string[] Wares = ["boat", "horse", "house", "piano", "clock", "garden", "car", "cow", "lamp", "carpet", "ring", "table"];

    /// <summary>What people count, with the plural that sums use.</summary>
    public static readonly string[] Countables =
    [
        "apples", "coins", "books", "stamps", "eggs", "cards", "shells", "pears", "stones", "nuts", "cups", "flowers", "tickets", "balls", "boxes", "candles",
        "buttons", "plums", "pencils", "marbles",
    ];

    /// <summary>Short words that a tool may give back, or that a fact may end with.</summary>
    public static readonly string[] States = ["ready", "done", "open", "closed", "late", "full", "empty", "new", "old", "warm", "cold", "sunny", "cloudy", "rainy", "windy", "high", "low", "good", "bad", "free"];

    /// <summary>Words of notes and messages.</summary>
    public static readonly string[] Plain = ["see", "you", "at", "noon", "bring", "the", "red", "blue", "box", "call", "me", "today", "buy", "milk", "bread", "meet", "here", "soon", "water", "plants", "we", "are", "late", "home", "now", "open", "door"];

    /// <summary>What a tool is about, or an attribute of something.</summary>
    public static readonly string[] Nouns =
    [
        "weather", "price", "time", "name", "address", "code", "menu", "score", "weight", "height", "size", "color", "owner", "level", "speed", "rate",
        "date", "phone", "title", "number", "length", "table", "room", "ticket", "order", "alarm", "timer", "message", "song", "book", "lamp", "door",
        "car", "train", "flight", "hotel", "taxi", "meeting", "event", "note", "task", "list", "report", "map", "route", "account", "bill", "balance",
        "payment", "stock", "parcel", "letter", "photo", "game", "recipe", "lesson", "test", "grade", "team", "player", "shop", "garden", "pump", "heater",
        "fan", "camera", "robot", "engine", "signal", "channel", "station", "bus", "boat", "bike", "wind", "rain", "snow", "tide", "sunrise", "news",
        "holiday", "course", "job", "visit", "group", "file", "folder", "password", "key", "contact", "reminder", "distance", "temperature",
    ];

    /// <summary>Subjects of tools that training never names.</summary>
    public static readonly string[] HeldOutNouns =
    [
        "humidity", "tariff", "lantern", "harvest", "voucher", "ferry", "parking", "invoice", "battery", "forecast", "playlist", "booking", "salary",
        "patient", "shipment", "currency", "elevator", "curtain", "oven", "sensor",
    ];
}
