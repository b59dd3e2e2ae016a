extension DumpFormat {
  /// A file of interactions.
  fileprivate static func interactions(
    _ syntax: Syntax, header: [String]? = nil, user: String..., item: [String], time: String...,
    title: [String] = []
  ) -> DumpFormat {
    let columns: [DumpRole: [String]] = [.user: user, .item: item, .time: time]
    return DumpFormat(
      syntax: syntax, header: header,
      columns: title.isEmpty ? columns : columns.merging([.title: title]) { $1 },
      required: [.user, .item, .time])
  }

  /// A file of titles.
  fileprivate static func titles(
    _ syntax: Syntax, header: [String]? = nil, item: String..., title: [String],
    year: [String] = [],
    isOftenLatin1: Bool = false
  ) -> DumpFormat {
    let columns: [DumpRole: [String]] = [.item: item, .title: title]
    return DumpFormat(
      syntax: syntax, header: header,
      columns: year.isEmpty ? columns : columns.merging([.year: year]) { $1 },
      isOftenLatin1: isOftenLatin1, required: [.item])
  }
}

extension DumpLayout {
  private static let lines = [".json", ".jsonl"]

  /// Keys of 2014 and 2018, then those of 2023.
  static let amazon = DumpLayout(
    name: "amazon",
    summary: "Amazon reviews of 2014, 2018 or 2023: NAME.json or NAME.jsonl, and meta_NAME",
    interactions: File(
      suffixes: lines, not: "meta_",
      .interactions(
        .json, user: "reviewerID", "user_id", item: ["parent_asin", "asin"],
        time: "unixReviewTime", "timestamp")),
    titles: File(
      prefix: "meta_", suffixes: lines,
      .titles(.json, item: "parent_asin", "asin", title: ["title"])))

  static let steam = DumpLayout(
    name: "steam", summary: "Steam: steam_reviews.json and steam_games.json",
    interactions: File(
      "steam_reviews.json",
      .interactions(.json, user: "username", item: ["product_id"], time: "date")),
    titles: File("steam_games.json", .titles(.json, item: "id", title: ["app_name", "title"])))

  static let movieLens = [
    DumpLayout(
      name: "ml-100k", summary: "MovieLens-100K: u.data and u.item",
      interactions: File(
        "u.data",
        .interactions(
          .separated(by: "\t"), header: ["user", "item", "rating", "time"], user: "user",
          item: ["item"], time: "time")),
      titles: File(
        "u.item",
        .titles(
          .separated(by: "|"), header: ["item", "title"], item: "item", title: ["title"],
          isOftenLatin1: true))),
    DumpLayout(
      name: "ml-1m", summary: "MovieLens-1M or 10M: ratings.dat and movies.dat",
      interactions: File(
        "ratings.dat",
        .interactions(
          .separated(by: "::"), header: ["user", "item", "rating", "time"], user: "user",
          item: ["item"], time: "time")),
      titles: File(
        "movies.dat",
        .titles(
          .separated(by: "::"), header: ["item", "title"], item: "item", title: ["title"],
          isOftenLatin1: true))),
    DumpLayout(
      name: "ml-latest", summary: "MovieLens-20M, 25M, 32M or latest: ratings.csv and movies.csv",
      interactions: File(
        "ratings.csv",
        .interactions(.csv, user: "userId", item: ["movieId"], time: "timestamp")),
      titles: File("movies.csv", .titles(.csv, item: "movieId", title: ["title"]))),
  ]

  /// Items are artists; a user tags, or plays, an artist many times.
  static let lastFM = [
    DumpLayout(
      name: "lastfm-2k",
      summary: "Last.fm of HetRec 2011: user_taggedartists-timestamps.dat and artists.dat",
      interactions: File(
        "user_taggedartists-timestamps.dat",
        .interactions(
          .separated(by: "\t"), user: "userID", item: ["artistID"], time: "timestamp")),
      titles: File(
        "artists.dat", .titles(.separated(by: "\t"), item: "id", title: ["name"])),
      repeats: .first),
    DumpLayout(
      name: "lastfm-1k",
      summary: "Last.fm's 1K users: userid-timestamp-artid-artname-traid-traname.tsv",
      interactions: File(
        "userid-timestamp-artid-artname-traid-traname.tsv",
        .interactions(
          .separated(by: "\t"),
          header: ["user", "time", "artist", "name"], user: "user", item: ["artist", "name"],
          time: "time", title: ["name"])),
      titles: nil, repeats: .first),
  ]

  static let recBole = DumpLayout(
    name: "recbole", summary: "RecBole's atomic files: NAME.inter and NAME.item",
    interactions: File(
      suffixes: [".inter"],
      .interactions(
        .separated(by: "\t"), user: "user_id", item: ["item_id", "artist_id", "business_id"],
        time: "timestamp")),
    titles: File(
      suffixes: [".item"],
      .titles(
        .separated(by: "\t"), item: "item_id", "artist_id", "business_id",
        title: ["title", "movie_title", "name", "item_name", "app_name"],
        year: ["release_year"])))

  static let csv = DumpLayout(
    name: "csv", summary: "interactions.csv (user,item,time) and titles.csv (item,title)",
    interactions: File(
      suffixes: [".csv"], not: "titles",
      .interactions(
        .csv, user: "user", "user_id", item: ["item", "item_id", "parent_asin", "asin"],
        time: "time", "timestamp")),
    titles: File(
      prefix: "titles", suffixes: [".csv"],
      .titles(.csv, item: "item", "item_id", title: ["title"])))
}
