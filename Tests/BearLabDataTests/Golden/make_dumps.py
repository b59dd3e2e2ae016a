"""Makes dumps.json: a small dump in every layout, and the data set that it makes.

    python3 make_dumps.py

The reference reads each dump with Python's own readers (json, ast, csv), all of it at once, and
follows section 1 of the method specification word by word. Dumps have ties in time, repeated
interactions, users and items outside of the core, items without a title, and malformed lines.
"""

import ast
import base64
import collections
import csv
import datetime
import gzip
import io
import json
import pathlib
import random
import re

TITLES = [
    "Amber", "Salt &amp; Sea", "Over  There", "Gilles\u2019 Caf\u00e9", 'The "Stone" Inn', "Amber",
    " Anther\t", "The Sun; or, \\ Son", "", "A", "Ember &#8211; &eacute;t\u00e9 &unknown; &#x41;",
    "Line\nend", "\U0001f43b Bears", "It's", "Tin|Ice", "S::and", "Hour, the", "Thorn", "Ton 21",
]
MARKS = {"amp": "&", "eacute": "\u00e9"}


def core(rows, least):
    while True:
        users = collections.Counter(row[0] for row in rows)
        items = collections.Counter(row[1] for row in rows)
        kept = [row for row in rows if users[row[0]] >= least and items[row[1]] >= least]
        if len(kept) == len(rows):
            return kept
        rows = kept


def clean(title, settings):
    def replace(match):
        name = match[1]
        if name[:2] in ("#x", "#X"):
            return chr(int(name[2:], 16))
        if name[0] == "#":
            return chr(int(name[1:]))
        return MARKS.get(name, match[0])

    if settings.get("decodes"):
        title = re.sub(r"&(#?\w+);", replace, title)
    if settings.get("collapses"):
        title = " ".join(title.split())
    longest = settings.get("longest", 10**9)
    return title if settings.get("shortest", 1) <= len(title) <= longest else None


def ascending(ids):
    if all(re.fullmatch(r"[0-9]+", one) for one in ids):
        return sorted(ids, key=int)
    return sorted(ids, key=str.encode)


def prepare(rows, titles, settings):
    """rows: (user, item, seconds) in the file's order; titles: by item."""
    rows = sorted(rows, key=lambda row: row[2])
    if settings.get("repeats") == "first":
        rows = [
            row for place, row in enumerate(rows)
            if row[:2] not in [earlier[:2] for earlier in rows[:place]]]
    cleaned = {item: clean(title, settings) for item, title in titles.items()}
    rows = [row for row in rows if cleaned.get(row[1]) is not None]
    rows = core(rows, settings.get("core", 5))
    users = {one: place + 1 for place, one in enumerate(ascending({row[0] for row in rows}))}
    items = {one: place + 1 for place, one in enumerate(ascending({row[1] for row in rows}))}
    histories = collections.defaultdict(list)
    for user, item, time in rows:
        histories[users[user]].append((items[item], time))
    limit = settings.get("window", 11) - 1
    windows = []
    for user in sorted(histories):
        own = histories[user]
        for target in range(min(limit, len(own) - 1), len(own)):
            ids = [item for item, _ in own[max(0, target - limit) : target + 1]]
            if len(ids) > 1:
                windows.append((own[target][1], user, ids))
    windows.sort(key=lambda window: window[:2])
    parts = settings.get("split", [8, 1, 1])
    first = int(parts[0] / sum(parts) * len(windows))
    second = int((parts[0] + parts[1]) / sum(parts) * len(windows))
    files = {
        "id2name4Rec.json": json.dumps(
            {str(number): cleaned[item] for item, number in items.items()},
            indent=4, ensure_ascii=False),
        "train.csv": table(windows[:first]),
        "test.csv": table(windows[second:]),
    }
    if second > first:
        files["valid.csv"] = table(windows[first:second])
    return files, {"users": len(users), "items": len(items), "interactions": len(rows)}


def table(windows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["user_id", "item_ids", "timestamp"])
    for time, user, ids in windows:
        writer.writerow([user, ids, time])
    return text.getvalue()


def seconds(value):
    """Of a number in seconds or milliseconds, a day, or a moment."""
    text = str(value)
    if re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", text):
        moment = datetime.datetime.fromisoformat(text.replace("Z", ""))
        return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())
    number = int(float(text) // 1)
    return number // 1000 if abs(number) >= 10**11 else number


def interactions(random, step=3600, users=26, items=len(TITLES)):
    """Of users who take some of the items; a few take little, and times tie."""
    rows = []
    for user in range(users):
        count = random.choice([2, 4, 5, 7, 9, 12, 14])
        time = 1_400_000_000 + random.randrange(200) * step * 24
        for _ in range(count):
            time += random.choice([0, 0, 1, 5]) * step
            item = min(int(random.expovariate(0.12)), items - 1)
            rows.append((user, item, time - time % step))
    random.shuffle(rows)
    return rows


def lines(records):
    return "".join(one + "\n" for one in records)


def read_objects(text, reader):
    found = []
    for line in text.splitlines():
        try:
            found.append(reader(line))
        except (ValueError, SyntaxError):
            pass
    return found


def amazon(year, rows):
    users = [f"A{(7 * user) % 26:02}XYZ" for user in range(26)]
    items = [f"{'B' if item % 3 else '0'}{(5 * item) % 19:09}" for item in range(len(TITLES))]
    write = repr if year == 2014 else lambda one: json.dumps(one, ensure_ascii=year == 2018)
    read = ast.literal_eval if year == 2014 else json.loads
    reviews = []
    for user, item, time in rows:
        if year == 2023:
            one = {
                "rating": 5.0, "title": "A \"title\"", "text": "caf\u00e9 \\ \n", "images": [],
                "asin": "X" + items[item], "parent_asin": items[item], "user_id": users[user],
                "timestamp": time * 1000 + 999, "verified_purchase": True}
        else:
            one = {
                "reviewerID": users[user], "asin": items[item], "helpful": [1, 2],
                "reviewerName": "O'Hara \"x\"", "overall": 5.0, "style": {"asin": " no "},
                "vote": None, "unixReviewTime": time}
        # The reviews of 2014 are JSON, their metadata Python's.
        reviews.append(json.dumps(one) if year == 2014 else write(one))
    reviews.insert(3, '{"reviewerID": "A", "asin": ')
    reviews.insert(9, "[]")
    key = "parent_asin" if year == 2023 else "asin"
    meta = [
        {key: items[item], "title": title, "price": 3.17, "related": {"also": ["1"]}, "big": True}
        for item, title in enumerate(TITLES)]
    del meta[4]["title"]
    meta.append({key: items[0], "title": "a second title"})
    meta.append({key: "B-unknown", "title": "never bought"})
    meta_text = lines(write(one) for one in meta)
    if year == 2014:
        meta_text += "{'asin': u'B\\u00e9', 'title': 'open\n"
        meta_text = meta_text.replace("Bears", "\\U0001f43b\\x41\\101").replace("'It", "u'It")
    good = [one for one in read_objects(lines(reviews), json.loads) if isinstance(one, dict)]
    rows = [
        (one.get("reviewerID") or one["user_id"], one.get("parent_asin") or one["asin"],
         seconds(one.get("unixReviewTime") or one["timestamp"]))
        for one in good]
    titles = {}
    for one in read_objects(meta_text, read):
        titles.setdefault(one[key], one.get("title") or "")
    end = "jsonl" if year == 2023 else "json"
    return {f"Books.{end}.gz": lines(reviews), f"meta_Books.{end}": meta_text}, rows, titles


def steam(rows):
    names = [f"caf\u00e9 {user}" if user % 4 else f"it's {user}" for user in range(26)]
    reviews, games = [], []
    for user, item, time in rows:
        day = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%d")
        one = {"username": names[user], "hours": 0.1, "product_id": str(1000 - item), "date": day,
               "text": "\u2665 'ok' \"x\"", "early_access": False, "compensation": None}
        reviews.append("{" + ", ".join(f"u{key!r}: {python2(one[key])}" for key in one) + "}")
    reviews.insert(5, "{u'username': u'a', u'product_id': u'1', u'date': u'2017-13-01'}")
    for item, title in enumerate(TITLES):
        name = "app_name" if item % 2 else "title"
        games.append("{" + f"u'id': u'{1000 - item}', u'{name}': {python2(title)}" + ", u'tags': (1L,)}")
    rows, titles = [], {}
    for line in reviews:
        one = ast.literal_eval(line)
        try:
            rows.append((one["username"], one["product_id"], seconds(one["date"])))
        except ValueError:
            pass
    for line in games:
        one = ast.literal_eval(line.replace("1L", "1").replace("\\ud83d\\udc3b", "\\U0001f43b"))
        titles[one["id"]] = one.get("app_name") or one.get("title") or ""
    return {"steam_reviews.json.gz": lines(reviews), "steam_games.json": lines(games)}, rows, titles


def python2(value):
    """As Python 2 wrote it: u'…', escaped beyond ASCII, in halves of surrogate pairs."""
    if not isinstance(value, str):
        return repr(value)
    text = repr(value.encode("utf-16", "surrogatepass").decode("utf-16"))
    units = "".join(
        one if ord(one) < 128 else "".join(
            f"\\u{int.from_bytes(pair, 'big'):04x}"
            for pair in zip(*[iter(one.encode("utf-16-be"))] * 2))
        for one in text)
    return "u" + units


def flat(title):
    """A title that old files can hold."""
    return "".join(one for one in title if ord(one) < 256).replace("\n", " ").replace("\t", " ")


def movielens(kind, rows):
    titles = {str(10 * item + 3): flat(title).replace("|", "/") for item, title in enumerate(TITLES)}
    ids = list(titles)
    if kind == "ml-100k":
        data = lines(f"{user + 1}\t{ids[item]}\t3\t{time}" for user, item, time in rows)
        item = lines(f"{one}|{titles[one]}|01-Jan-1995||http://x|0|1" for one in ids)
        files = {"u.data": data + "1\t2\n", "u.item": item.encode("latin-1")}
    elif kind == "ml-1m":
        titles = {one: title.replace("::", ": ") for one, title in titles.items()}
        data = lines(f"{user + 1}::{ids[item]}::3::{time}" for user, item, time in rows)
        files = {
            "ratings.dat.gz": data + "1::2::3::soon\n",
            "movies.dat": lines(f"{one}::{titles[one]}::Drama|War" for one in ids).encode("latin-1")}
    else:
        titles = {str(10 * item + 3): title for item, title in enumerate(TITLES)}
        files = {
            "ratings.csv": lines(
                ["userId,movieId,rating,timestamp"]
                + [f"{user + 1},{ids[item]},3.5,{time}" for user, item, time in rows] + ["1,2,3"]),
            "movies.csv": quoted(["movieId", "title", "genres"], [[one, titles[one], "Drama"] for one in ids])}
    return files, [(str(user + 1), ids[item], time) for user, item, time in rows], titles


def quoted(header, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerows([header] + rows)
    return text.getvalue()


def lastfm(kind, rows):
    if kind == "lastfm-2k":
        titles = {str(item + 1): flat(title) for item, title in enumerate(TITLES)}
        files = {
            "user_taggedartists-timestamps.dat": "userID\tartistID\ttagID\ttimestamp\r\n" + "".join(
                f"{user}\t{item + 1}\t{tag}\t{time * 1000}\r\n"
                for user, item, time in rows for tag in (1, 2)),
            "artists.dat": "id\tname\turl\tpictureURL\r\n" + "".join(
                f"{one}\t{title}\thttp://x\t\r\n" for one, title in titles.items())}
        return files, [(str(user), str(item + 1), time) for user, item, time in rows for _ in (1, 2)], titles
    names = [flat(title) for title in TITLES]
    ids = [f"{item:04x}-mb" if item % 3 else names[item] for item in range(len(names))]
    text, kept = "", []
    for user, item, time in rows:
        moment = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        artist = ids[item] if item % 3 else ""
        text += f"user_{user:06}\t{moment}\t{artist}\t{names[item]}\t\tsong\n"
        if ids[item]:
            kept.append((f"user_{user:06}", ids[item], seconds(moment)))
    text += "user_000001\t2009-05-04T23:08\ta\tb\t\tc\n"
    return {"userid-timestamp-artid-artname-traid-traname.tsv.gz": text}, kept, dict(zip(ids, names))


def recbole(rows):
    titles = {f"i{item}": flat(title) for item, title in enumerate(TITLES)}
    years = {one: "1990" if place % 2 else "V" for place, one in enumerate(titles)}
    files = {
        "tiny.inter": lines(
            ["user_id:token\titem_id:token\trating:float\ttimestamp:float"]
            + [f"{user}\ti{item}\t3.0\t{time}.0" for user, item, time in rows]),
        "tiny.item": lines(
            ["item_id:token\tmovie_title:token_seq\trelease_year:token"]
            + [f"{one}\t{title}\t{years[one]}" for one, title in titles.items()])}
    # Without a title a year is none.
    full = {
        one: f"{title} ({years[one]})" if title and years[one].isdigit() else title
        for one, title in titles.items()}
    return files, [(str(user), f"i{item}", time) for user, item, time in rows], full


def plain(rows):
    titles = {f"item {item}": title for item, title in enumerate(TITLES)}
    users = ["Zo\u00eb" if user == 3 else f'{user}, "the" user' for user in range(26)]
    moment = lambda time: datetime.datetime.fromtimestamp(time, datetime.timezone.utc)
    files = {
        "interactions.csv.gz": "\ufeff" + quoted(
            ["rating", "who", "what", "when"],
            [[5, users[user], f"item {item}", moment(time).strftime("%Y-%m-%dT%H:%M:%SZ")]
             for user, item, time in rows]) + '1,a"b,c,1\r\n',
        "titles.csv": quoted(["what", "name"], [[one, title] for one, title in titles.items()])}
    return files, [(users[user], f"item {item}", time) for user, item, time in rows], titles


def main():
    draw = random.Random(7)
    cases = []

    def add(name, layout, made, **settings):
        files, rows, titles = made
        expected, counts = prepare(rows, titles, settings)
        encoded = {}
        for file, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            if file.endswith(".gz"):
                # Two members, as files that were put together have.
                half = len(data) // 2
                data = gzip.compress(data[:half], mtime=0) + gzip.compress(data[half:], mtime=0)
            encoded[file] = base64.b64encode(data).decode()
        assert expected["train.csv"].count("\n") > 5, name
        cases.append({
            "name": name, "layout": layout, "files": encoded, "settings": settings,
            "expected": expected, "counts": counts})

    day = 86400
    add("amazon-2014", "amazon", amazon(2014, interactions(draw)))
    add("amazon-2018", "amazon", amazon(2018, interactions(draw)), decodes=True, collapses=True)
    add("amazon-2023", "amazon", amazon(2023, interactions(draw)), repeats="first", core=4)
    add("steam", "steam", steam(interactions(draw, day)), shortest=2, longest=10, core=3)
    add("ml-100k", "ml-100k", movielens("ml-100k", interactions(draw)), window=4)
    add("ml-1m", "ml-1m", movielens("ml-1m", interactions(draw)), split=[3, 0, 1])
    add("ml-latest", "ml-latest", movielens("ml-latest", interactions(draw)), shortest=0)
    add("lastfm-2k", "lastfm-2k", lastfm("lastfm-2k", interactions(draw)), repeats="first", core=3)
    add("lastfm-1k", "lastfm-1k", lastfm("lastfm-1k", interactions(draw)), repeats="keep")
    add("recbole", "recbole", recbole(interactions(draw)), core=2)
    add("csv", "csv", plain(interactions(draw)), core=1, window=2)
    path = pathlib.Path(__file__).with_name("dumps.json")
    path.write_text(json.dumps(cases, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


main()
