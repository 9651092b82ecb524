"""Writes src/region/counties.tsv: counties, districts and county-level cities, with the city that each lies in.

The table of divisions comes from the npm package china-division (`npm pack china-division`, its dist/pca.json), the
romanisation from pypinyin, and whether a name without its suffix is safe to look for from jieba's word list: only names
that it knows as places, and that no other county has, are found anywhere. The others are found with their suffix, or
right after their city or province.

    pip install pypinyin jieba
    python training/places.py package/dist/pca.json > src/region/counties.tsv
"""

import collections
import json
import re
import sys

import jieba.posseg
import pypinyin

# Places by the word list, but also everyday words, or parts of two of them (重新安排, 大城市).
EVERYDAY = set(
    """新安 商城 新建 大东 大城 大关 大宁 大邑 平原 中原 江南 天山 泰山 衡山 黑山 千山 玉山 松山 花山 桃山 通山 通海 通城 通河 通江 中江 中站 中阳
    太湖 东湖 南湖 滨湖 滨江 东海 南海 江海 海港 江山 江口 湖口 沙河 沙市 天河 天门 天宁 古城 龙城 凤城 北城 南城 东城 西城 城东 城西 河西 桥东 北关 南关 西山 东平 东宁
    东至 东乡 西乡 西平 西和 上林 上蔡 上高 山阴 长寿 长白 长海 长乐 长安 长顺 长岭 永安 永康 永平 平江 平安 平南 安多 安国 安乡 安源 安州 成安 兴隆 兴国 兴和 兴海 兴平
    新市 新县 新平 新宁 新昌 双湖 双江 红原 莲湖 荷塘 巴马 马关 高县 义县 景县 青县 广平 广德 南和 南乐 南召 南宫 北安 北流 吉水 建湖 金湖 金阳 合山 合江 合阳 德安 德江 思南
    信州 利州 安陆 开阳 万山 右江 文县 龙门 龙井 东台 同江 泰兴 泰来 永善 永德 永春 永吉 清原 中宁 城中 长兴 长丰""".split()
)

PEOPLES = (
    "土家族 苗族 侗族 瑶族 壮族 回族 满族 蒙古族 藏族 羌族 彝族 白族 傣族 傈僳族 布依族 水族 仡佬族 哈尼族 拉祜族 佤族 景颇族 纳西族 畲族 "
    "黎族 朝鲜族 达斡尔族 锡伯族 哈萨克 维吾尔 塔吉克 柯尔克孜 蒙古 东乡族 保安族 撒拉族 裕固族 土族 各族 仫佬族 毛南族 京族 普米族 怒族 "
    "独龙族 阿昌族 布朗族 德昂族 基诺族 鄂伦春 鄂温克族 哈萨克族 俄罗斯族"
).split()


def bare(name):
    """The name as people say it."""
    short = name
    for suffix in ("自治县", "自治旗"):
        if short.endswith(suffix):
            short = short[: -len(suffix)]
            again = True
            while again:
                again = False
                for people in PEOPLES:
                    if short.endswith(people) and len(short) > len(people) + 1:
                        short, again = short[: -len(people)], True
            return short
    for suffix in ("新区", "林区", "特区", "矿区", "地区", "市", "县", "区", "旗"):
        if short.endswith(suffix) and len(short) - len(suffix) >= 2:
            return short[: -len(suffix)]
    return short


def stem(name):
    """A city or province without its suffix."""
    for suffix in ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市", "地区", "盟"):
        if name.endswith(suffix):
            return name[: -len(suffix)]
    if name.endswith("自治州"):
        short = name[: -len("自治州")]
        again = True
        while again:
            again = False
            for people in PEOPLES:
                if short.endswith(people) and len(short) > len(people):
                    short, again = short[: -len(people)], True
        return short
    return name


def romanised(name):
    return "".join(pypinyin.lazy_pinyin(name)).capitalize()


def main():
    table = json.load(open(sys.argv[1], encoding="utf-8"))
    curated = [line.rstrip("\n").split("\t") for line in open("src/region/places.tsv", encoding="utf-8")][1:]
    known = {}
    for row in curated:
        for name in [row[0]] + (row[3].split(",") if len(row) > 3 else []):
            known.setdefault(name, row)
    counties = []
    for province, cities in table.items():
        for city, names in cities.items():
            is_grouped = not (city == "市辖区" or "直辖" in city or city == "县")
            for name in names:
                if "开发区" not in name and "管理区" not in name and "园区" not in name:
                    counties.append((name, stem(province), stem(city) if is_grouped else ""))
    bares = collections.Counter(bare(name) for name, _, _ in counties)
    fulls = collections.Counter(name for name, _, _ in counties)
    jieba.initialize()
    tags = jieba.posseg.dt.word_tag_tab or {}
    if not tags:
        list(jieba.posseg.cut("新疆"))
        tags = jieba.posseg.dt.word_tag_tab

    def names(*of):
        # As customers' messages are read: in the normaliser's simplified form.
        return ",".join(dict.fromkeys(name.replace("乾", "干") for name in of))

    print("zh\ten\tprovince\tcity\tanywhere\tafter its city")
    for name, province, city in sorted(counties, key=lambda county: (county[1], county[2], county[0])):
        short = bare(name)
        row = known.get(name) or known.get(short)
        if row and row[2] == province:
            if row[0] == province:
                continue
            # Its names are chosen by hand; only where it lies is new.
            print("\t".join([row[0], row[1], province, city, "", names(short, name)]))
            continue
        taken = known.get(short)
        is_place = tags.get(short) == "ns" or (len(short) > 2 and tags.get(short) is None)
        is_safe = bares[short] == 1 and not taken and short not in EVERYDAY and is_place and short != name
        anywhere = [short] if is_safe else []
        after = [] if is_safe else [short]
        (anywhere if fulls[name] == 1 and name not in known else after).append(name)
        print("\t".join([short, romanised(short), province, city, names(*anywhere), names(*after)]))


main()
