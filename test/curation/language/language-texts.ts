/** Texts in many languages and scripts for the agreement tests; written for this project, or taken from Node's ICU. */

/** One sentence a language, with the label that any usable identifier must give it. */
export const SENTENCES: readonly (readonly [label: string, text: string])[] = [
  ['en', 'A small brown dog sleeps under the kitchen table.'],
  ['de', 'Ein kleiner brauner Hund schläft unter dem Küchentisch.'],
  ['fr', 'Un petit chien brun dort sous la table de la cuisine.'],
  ['es', 'Un perro pequeño y marrón duerme debajo de la mesa de la cocina.'],
  ['it', 'Un piccolo cane marrone dorme sotto il tavolo della cucina.'],
  ['pt', 'Um pequeno cão castanho dorme debaixo da mesa da cozinha.'],
  ['nl', 'Een kleine bruine hond slaapt onder de keukentafel.'],
  ['sv', 'En liten brun hund sover under köksbordet när det regnar.'],
  ['pl', 'Mały brązowy pies śpi pod stołem kuchennym.'],
  ['cs', 'Malý hnědý pes spí pod kuchyňským stolem.'],
  ['hu', 'Egy kis barna kutya alszik a konyhaasztal alatt.'],
  ['fi', 'Pieni ruskea koira nukkuu keittiön pöydän alla.'],
  ['tr', 'Küçük kahverengi bir köpek mutfak masasının altında uyuyor.'],
  ['ro', 'Un câine mic și maro doarme sub masa din bucătărie.'],
  ['vi', 'Một con chó nhỏ màu nâu đang ngủ dưới bàn bếp.'],
  ['ru', 'Маленькая коричневая собака спит под кухонным столом.'],
  ['uk', 'Маленький коричневий собака спить під кухонним столом.'],
  ['bg', 'Малко кафяво куче спи под кухненската маса.'],
  ['el', 'Ένας μικρός καφέ σκύλος κοιμάται κάτω από το τραπέζι της κουζίνας.'],
  ['he', 'כלב חום קטן ישן מתחת לשולחן המטבח.'],
  ['ar', 'كلب بني صغير ينام تحت طاولة المطبخ.'],
  ['fa', 'یک سگ کوچک قهوه‌ای زیر میز آشپزخانه خوابیده است.'],
  ['hi', 'एक छोटा भूरा कुत्ता रसोई की मेज़ के नीचे सो रहा है।'],
  ['bn', 'একটি ছোট বাদামী কুকুর রান্নাঘরের টেবিলের নিচে ঘুমাচ্ছে।'],
  ['ta', 'ஒரு சிறிய பழுப்பு நாய் சமையலறை மேசைக்கு அடியில் தூங்குகிறது.'],
  ['te', 'ఒక చిన్న గోధుమ రంగు కుక్క వంటగది బల్ల కింద నిద్రపోతోంది.'],
  ['th', 'สุนัขสีน้ำตาลตัวเล็กนอนหลับอยู่ใต้โต๊ะในครัว'],
  ['ka', 'პატარა ყავისფერი ძაღლი სამზარეულოს მაგიდის ქვეშ სძინავს.'],
  ['hy', 'Փոքրիկ շագանակագույն շունը քնում է խոհանոցի սեղանի տակ։'],
  ['ja', '小さな茶色の犬が台所のテーブルの下で眠っています。'],
  ['zh', '一只棕色的小狗睡在厨房的桌子下面。'],
  ['ko', '작은 갈색 개가 부엌 식탁 아래에서 자고 있습니다.'],
  ['eo', 'Malgranda bruna hundo dormas sub la kuireja tablo.'],
];

const LOCALES =
  'af am ar as az be bg bn br bs ca cs cv cy da de dz el en eo es et eu fa ff fi fil fo fr fy ga gd gl gu ha he hi hr ' +
  'hsb hu hy ia id ig is it ja jv ka kk kl km kn ko ks ku ky lb ln lo lt lv mg mi mk ml mn mr ms mt my nb ne nl nn om ' +
  'or os pa pl ps pt qu rm ro ru rw sa sah sc sd se si sk sl so sq sr su sv sw ta te tg th ti tk to tr tt ug uk ur uz ' +
  'vi wo xh yi yo yue zh zu';
const REGIONS =
  'AR AU BE BR CH CN CZ DE DK EG ES FI FR GB GR HU IE IN IT JP KE KR MA MX NG NZ PE PL PT RU SE TR UA US VN ZA';
const LANGUAGES = 'ar bn cs da de el en es fi fr ga hi hu it ja ko nl pl pt ro ru sv sw th tr uk ur vi zh';
const CURRENCIES = 'AUD BRL CHF CNY CZK EUR GBP INR JPY KRW MXN PLN RUB SEK TRY USD ZAR';

/**
 * Makes lines of country, language and currency names in a hundred languages, from one name to a long line each.
 *
 * @returns about 800 texts; which ones depends on the ICU of the Node that runs this
 */
export function namesInManyLanguages(): string[] {
  const texts: string[] = [];
  for (const locale of LOCALES.split(' ')) {
    const names = [
      ...namesOf(locale, 'region', REGIONS),
      ...namesOf(locale, 'language', LANGUAGES),
      ...namesOf(locale, 'currency', CURRENCIES),
    ];
    // Line lengths 1, 2, 4, ... : short ones are the hard ones.
    for (let from = 0, count = 1; from < names.length; from += count, count *= 2) {
      texts.push(names.slice(from, from + count).join(count % 3 === 0 ? ' ' : ', '));
    }
  }
  return texts;
}

function namesOf(locale: string, type: 'region' | 'language' | 'currency', codes: string): string[] {
  const display = new Intl.DisplayNames([locale], { type });
  return codes.split(' ').map((code) => display.of(code) ?? code);
}
