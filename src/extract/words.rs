//! Words of the big languages that say what structure does not: stock, labels, old prices, buttons.
//!
//! All lower case; compared against lower-cased text.

use std::collections::HashSet;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;

/// The offer cannot be bought.
#[rustfmt::skip]
pub(super) static OUT_OF_STOCK: Vocabulary = Vocabulary::new(&[
    "out of stock", "out-of-stock", "sold out", "currently unavailable", "no longer available",
    "not available", "temporarily unavailable", "item is unavailable", "discontinued", "ausverkauft",
    "nicht verfügbar", "nicht lieferbar", "nicht auf lager", "nicht vorrätig", "vergriffen",
    "derzeit nicht", "nicht mehr verfügbar", "nicht mehr lieferbar", "agotado", "sin stock",
    "no disponible", "fuera de stock", "sin existencias", "esgotado", "indisponível", "sem estoque",
    "sem stock", "épuisé", "rupture de stock", "en rupture", "indisponible", "plus disponible",
    "non disponible", "non disponibile", "esaurito", "niet op voorraad", "uitverkocht", "niet leverbaar",
    "niet beschikbaar", "wyprzedane", "niedostępny", "brak w magazynie", "produkt niedostępny",
    "chwilowo niedostępny", "нет в наличии", "закончился", "распродан", "снят с продажи",
    "немає в наявності", "нема в наявності", "slutsåld", "ej i lager", "slut i lager", "ikke på lager",
    "utsolgt", "udsolgt", "loppuunmyyty", "ei varastossa", "vyprodáno", "není skladem", "nedostupné",
    "vypredané", "nie je skladom", "elfogyott", "nincs raktáron", "nincs készleten", "stoc epuizat",
    "indisponibil", "изчерпан", "няма в наличност", "εξαντλημένο", "μη διαθέσιμο", "εξαντλήθηκε", "tükendi",
    "stokta yok", "在庫切れ", "売り切れ", "品切れ", "缺货", "售罄", "無庫存", "품절", "אזל מהמלאי", "אזל המלאי", "غير متوفر",
    "نفذت الكمية", "hết hàng", "stok habis", "rasprodano", "nije dostupno", "razprodano", "nav pieejams",
    "išparduota", "läbi müüdud", "otsas", "izpārdots", "объявление неактивно", "оголошення неактивне",
    "прекращены", "nie je možné produkt kúpiť", "nie je možné kúpiť", "nelze koupit", "nelze objednat",
    "momentálne nedostupn", "momentálně nedostupn", "cannot be ordered", "cannot be purchased",
    "not for sale", "kann derzeit nicht", "kann nicht bestellt werden", "ne peut pas être commandé",
    "non acquistabile", "no se puede comprar", "kan niet besteld worden", "nu poate fi comandat",
    "nije moguće kupiti", "ni mogoče kupiti", "slutsålt", "utgått", "udgået", "utgått av sortiment",
    "ei saatavilla", "nije na stanju", "ni na zalogi", "nav noliktavā", "nėra sandėlyje", "няма наличност",
    "не е в наличност", "nem rendelhető", "nem kapható", "produs indisponibil", "nu este în stoc",
    "lipsă stoc", "stoc epuizat",
]);

/// The offer can be bought.
#[rustfmt::skip]
pub(super) static IN_STOCK: Vocabulary = Vocabulary::new(&[
    "in stock", "in-stock", "available now", "auf lager", "sofort lieferbar", "lieferbar", "verfügbar",
    "vorrätig", "en stock", "disponible", "em estoque", "em stock", "disponível", "disponibile",
    "op voorraad", "dostępny", "w magazynie", "в наличии", "є в наявності", "в наявності", "i lager",
    "på lager", "varastossa", "skladem", "na sklade", "skladom", "raktáron", "készleten", "în stoc",
    "in stoc", "наличен", "в наличност", "διαθέσιμο", "stokta", "在庫あり", "有货", "재고 있음", "במלאי", "متوفر",
    "còn hàng", "na stanju", "na zalogi", "pieejams", "yra sandėlyje", "laos",
]);

/// What stands on the button that buys.
#[rustfmt::skip]
pub(super) static BUY: Vocabulary = Vocabulary::new(&[
    "add to cart", "add to basket", "add to bag", "buy now", "buy it now", "add to trolley",
    "in den warenkorb", "in den einkaufswagen", "jetzt kaufen", "añadir al carrito", "agregar al carrito",
    "añadir a la cesta", "comprar", "ajouter au panier", "acheter", "adicionar ao carrinho",
    "aggiungi al carrello", "acquista", "in winkelwagen", "in winkelmand", "bestellen", "do koszyka",
    "kup teraz", "dodaj do koszyka", "в корзину", "купить", "до кошика", "купити", "в кошик",
    "lägg i varukorg", "köp", "legg i handlekurv", "læg i kurv", "kjøp", "lisää ostoskoriin", "do košíku",
    "koupit", "do košíka", "kosárba", "adaugă în coș", "adauga in cos", "добави в количката", "купи",
    "προσθήκη στο καλάθι", "αγορά", "sepete ekle", "satın al", "カートに入れる", "加入购物车", "立即购买", "장바구니", "구매하기",
    "הוסף לסל", "הוספה לסל", "أضف إلى السلة", "mua ngay", "thêm vào giỏ", "beli sekarang",
    "dodaj u košaricu", "u košaricu", "v košarico", "pirkt", "ielikt grozā", "į krepšelį", "osta",
    "lisa korvi", "get tickets",
]);

/// Classes, ids and attribute values that speak of a price.
#[rustfmt::skip]
pub(super) static PRICE_NAMES: Vocabulary = Vocabulary::new(&[
    "price", "preis", "prix", "precio", "preco", "prezzo", "prijs", "cena", "cenik", "pris", "amount",
    "tsena", "fiyat", "hinta", "kaina", "pret-", "valor", "kosten", "cost",
]);

/// Classes of a price that is not paid any more, or that is of something else.
#[rustfmt::skip]
pub(super) static OLD_PRICE_NAMES: Vocabulary = Vocabulary::new(&[
    "old", "was", "regular", "rrp", "uvp", "msrp", "list-price", "listprice", "list_price", "strike",
    "stroke", "crossed", "original", "before", "previous", "retail", "basis", "compare", "discount-from",
    "line-through", "linethrough", "stare", "vieja", "antes", "anterior", "ancien", "barre", "statt",
    "recommended", "reference", "savings", "saving", "saved", "you-save", "yousave", "installment",
    "instalment", "rate", "monthly", "finance", "credit", "shipping", "delivery", "unit-price", "unitprice",
    "unit_price", "per-unit", "perunit", "price-per", "base-price", "baseprice", "base_price", "grundpreis",
    "deposit", "omnibus", "lowest", "points", "bonus", "cashback", "coupon", "filter", "facet", "minicart",
    "mini-cart", "cart-total", "subtotal", "basket", "swatch",
]);

/// Classes of the price that is paid.
#[rustfmt::skip]
pub(super) static NOW_PRICE_NAMES: Vocabulary = Vocabulary::new(&[
    "current", "sale", "special", "final", "now", "actual", "selling", "promo", "buying", "deal", "new",
    "discounted", "reduced", "action", "aktuell", "actuel", "nueva", "nuevo", "oferta", "offerta", "nowa",
    "sales",
]);

/// Around a price: it is of something else.
#[rustfmt::skip]
pub(super) static OTHER_PRICE_WORDS: Vocabulary = Vocabulary::new(&[
    "shipping", "delivery", "versand", "lieferung", "livraison", "envío", "envio", "spedizione", "verzend",
    "dostawa", "доставк", "frakt", "fragt", "levering", "toimitus", "doprava", "szállítás", "livrare",
    "per month", "/month", "/mo", "monatlich", "pro monat", "par mois", "al mes", "por mes", "al mese",
    "per maand", "miesięcznie", "в месяц", "/mån", "kk", "ratenzahlung", "cuotas", "parcelas",
    "installment", "you save", "sie sparen", "ahorra", "économis", "risparmi", "bespaar", "oszczędzasz",
    "экономия", "spara", "/kg", "/ kg", "/100", "/ 100", "/l", "pro kg", "per kg", "per unit", "je kg",
    "/ l", "/st", "/m²", "期", "月付", "每月", "pro 100", "per 100", "over ", "ab einem", "cashback", "coupon",
    "voucher", "gutschein", "trade-in", "deposit", "pfand", "sem juros", "sin interés", "gift card", "rrp",
    "msrp", "list price", "was:", "was ", "uvp", "statt ", "anstatt", "vorher", "instead of", "antes ",
    "avant ", "excl.", "excl ", "exkl", "hors taxe", " ht ", "sin iva", "sem iva", "iva esclusa", "bez dph",
    "bez vat", "без ддс", "ex vat", "ex. vat", "prezzo consigliato", "najniższa cena", "lowest price",
    "niedrigster", "prix le plus bas", "стара цена", "старая цена", "стара ціна", "ordinarie", "tidigare",
    "førpris", "før ", "normalpris", "suositushinta", "běžná cena", "původní", "save ",
]);

/// Value added tax by its names.
#[rustfmt::skip]
pub(super) const TAXES: &[&str] = &[
    "vat", "mwst", "ust", "iva", "tva", "btw", "moms", "mva", "alv", "dph", "áfa", "pdv", "ндс", "ддс",
    "φπα", "kdv", "gst", "ddv", "pvn", "pvm", "tax", "taxes", "taxe", "steuer", "tasse",
];

/// Without, before the name of a tax.
#[rustfmt::skip]
pub(super) const WITHOUT: &[&str] = &[
    "excl", "ex", "exc", "excluding", "without", "plus", "zzgl", "exkl", "ohne", "hors", "sin", "sem",
    "senza", "escl", "esclusa", "brez", "bez", "uten", "eks", "ilman", "без", "fără", "nélkül", "exclusief",
    "utan", "εκτός", "χωρίς", "hariç", "be", "ilma",
];

/// Labels of a global trade item number.
#[rustfmt::skip]
pub(super) static GTIN_LABELS: Labels = Labels::new(&[
    "gtin", "gtin-13", "gtin13", "gtin-14", "gtin-8", "ean", "ean-code", "ean code", "ean-13", "ean13",
    "ean kód", "kod ean", "codice ean", "código ean", "code ean", "upc", "upc-code", "upc code", "upc-a",
    "isbn", "isbn-10", "isbn-13", "isbn10", "isbn13", "barcode", "bar code", "strichcode",
    "código de barras", "codigo de barras", "code-barres", "code barre", "codice a barre", "штрихкод",
    "штрих-код", "штрих код", "kod kreskowy", "čárový kód", "čiarový kód", "vonalkód", "streckkod",
    "strekkode", "stregkode", "viivakoodi", "cod de bare", "баркод", "barkod", "jan", "jan-code",
    "jan code", "jan コード", "条形码", "ean/gtin", "gtin/ean", "ean / gtin", "ean (gtin)", "ean number",
    "ean-nr.", "ean-nr", "ean nr", "ean-nummer", "gtin (ean)", "global trade identification number",
    "svītrkods", "ברקוד", "numero ean", "ean kodas", "ean-kood", "ribakood", "ean-koodi", "gencod",
    "barcode (ean)", "upc/ean", "ean/upc", "gtin number",
]);

/// Labels of the manufacturer's part number.
#[rustfmt::skip]
pub(super) static MPN_LABELS: Labels = Labels::new(&[
    "mpn", "manufacturer part number", "manufacturer's part number", "mfr part number", "mfr. part number",
    "mfg part number", "manufacturer number", "manufacturer part no", "part number", "part no", "part no.",
    "part #", "mfr #", "mfr. #", "mfg #", "model number", "model no", "model no.", "model #",
    "item model number", "herstellernummer", "hersteller-nr.", "hersteller-nr", "herstellerartikelnummer",
    "hersteller artikelnummer", "hersteller-artikelnummer", "hersteller art.-nr.", "modellnummer",
    "modell-nr.", "teilenummer", "référence fabricant", "référence constructeur", "numéro de modèle",
    "numéro du modèle", "número de modelo", "referencia del fabricante", "nº de modelo",
    "codice produttore", "numero modello", "numero di modello", "fabrikantcode", "modelnummer",
    "kod producenta", "numer modelu", "артикул производителя", "номер модели", "part-number", "partnumber",
    "kód výrobce", "číslo modelu", "gyártói cikkszám", "cod producător", "cod producator",
    "referência do fabricante", "número do modelo", "tillverkarens artikelnummer", "tillverkarens art.nr",
    "produsentens varenummer", "producentens varenummer", "valmistajan tuotenumero", "manufacturer code",
    "producer code", "ražotāja kods", "gamintojo kodas", "tootja kood", "מק\"ט יצרן", "mfr#", "mfg. part",
    "oem", "oem-nummer", "style number", "style #", "supplier code", "model kodu",
]);

/// Labels of the shop's own number.
#[rustfmt::skip]
pub(super) static SKU_LABELS: Labels = Labels::new(&[
    "sku", "sku #", "item number", "item no", "item no.", "item #", "item id", "item code", "product code",
    "product id", "product number", "product no", "article number", "article no", "article no.", "art. no.",
    "art.no", "stock number", "stock code", "catalog number", "asin", "webid", "web id", "ad id",
    "listing id", "reference", "ref", "ref.", "artikelnummer", "artikel-nr.", "artikel-nr", "art.-nr.",
    "art.-nr", "art. nr.", "art.nr.", "art.nr", "artikel nr.", "bestellnummer", "best.-nr.", "bestell-nr.",
    "produktnummer", "produkt-nr.", "référence", "réf.", "réf", "code produit", "code article",
    "numéro d'article", "referencia", "código", "código de producto", "cód.", "código del producto",
    "código do produto", "cod.", "codice", "codice prodotto", "codice articolo", "cod. prodotto",
    "referência", "artikelcode", "productcode", "bestelnummer", "kod produktu", "numer produktu",
    "nr produktu", "indeks", "nr katalogowy", "symbol", "артикул", "арт.", "арт", "код товара",
    "код товару", "код", "код продукта", "номер объявления", "номер оголошення", "id объявления",
    "varenummer", "varenr.", "varenr", "artnr", "artikelnr", "tuotenumero", "tuotekoodi", "kód produktu",
    "kód zboží", "katalogové číslo", "číslo produktu", "kód tovaru", "kód", "cikkszám", "termékkód",
    "cod produs", "codul produsului", "продуктов код", "κωδικός", "κωδικός προϊόντος", "ürün kodu",
    "stok kodu", "品番", "商品コード", "商品番号", "商品编号", "货号", "상품번호", "מק\"ט", "מקט", "رقم المنتج", "mã sản phẩm",
    "kode produk", "šifra", "šifra proizvoda", "preces kods", "prekės kodas", "toote kood", "tootekood",
    "produkta kods", "artikuls", "ordernummer", "id produktu", "id товара", "tcin", "dpci", "lot", "style",
    "part number (sku)", "product sku", "item sku", "code",
]);

/// Labels of the price that is paid.
#[rustfmt::skip]
pub(super) static PRICE_LABELS: Labels = Labels::new(&[
    "price", "our price", "sale price", "current price", "total price", "now", "your price", "offer price",
    "cost", "preis", "unser preis", "dein preis", "ihr preis", "verkaufspreis", "kaufpreis",
    "aktueller preis", "endpreis", "bruttopreis", "festpreis", "stückpreis", "prix", "prix ttc",
    "prix de vente", "notre prix", "prix actuel", "tarif", "precio", "precio final", "precio de venta",
    "nuestro precio", "precio actual", "pvp", "prezzo", "prezzo di vendita", "prezzo attuale",
    "nostro prezzo", "costo", "cena", "cena brutto", "nasza cena", "cena sprzedaży", "aktualna cena",
    "prijs", "onze prijs", "verkoopprijs", "vraagprijs", "preço", "preco", "preço final", "valor",
    "cena s dph", "naše cena", "vaše cena", "cena celkem", "prodejní cena", "cena vč. dph", "naša cena",
    "predajná cena", "preț", "pret", "prețul", "preț final", "pris", "vårt pris", "vores pris", "vår pris",
    "pris inkl. moms", "τιμή", "τιμη", "τιμή πώλησης", "η τιμή μας", "λιανική τιμή", "τελική τιμή", "ár",
    "ára", "eladási ár", "bruttó ár", "fogyasztói ár", "vételár", "цена", "нашата цена", "крайна цена",
    "продажна цена", "цена с ддс", "наша цена", "ціна", "наша ціна", "вартість", "стоимость", "hinta",
    "hintamme", "myyntihinta", "cijena", "naša cijena", "cena z ddv", "hind", "kaina", "kaina su pvm",
    "fiyat", "fiyatı", "satış fiyatı", "価格", "販売価格", "价格", "售价", "가격", "판매가", "מחיר", "السعر", "giá",
    "harga",
]);

/// Labels of a price that is not paid any more.
#[rustfmt::skip]
pub(super) static OLD_PRICE_LABELS: Labels = Labels::new(&[
    "was", "rrp", "msrp", "list price", "old price", "regular price", "original price", "retail price",
    "before", "uvp", "statt", "alter preis", "listenpreis", "bisheriger preis", "normalpreis",
    "ancien prix", "prix conseillé", "prix barré", "au lieu de", "prix normal", "precio anterior",
    "precio normal", "precio recomendado", "antes", "prezzo di listino", "prezzo precedente",
    "prezzo consigliato", "prezzo originale", "stara cena", "cena katalogowa", "cena regularna",
    "poprzednia cena", "adviesprijs", "oude prijs", "van", "preço antigo", "preço normal", "de",
    "původní cena", "běžná cena", "doporučená cena", "pôvodná cena", "bežná cena", "preț vechi",
    "pret vechi", "preț recomandat", "prp", "ordinarie pris", "ord. pris", "tidigare pris", "førpris",
    "normalpris", "før", "vejledende pris", "veil. pris", "αρχική τιμή", "παλιά τιμή", "π.λ.τ", "régi ár",
    "eredeti ár", "listaár", "стара цена", "редовна цена", "старая цена", "стара ціна", "normaalihinta",
    "ohjevähittäishinta", "ovh", "stara cijena", "redna cena", "tavahind", "sena cena", "vecā cena",
    "eski fiyat", "liste fiyatı",
]);

/// Labels of the description.
#[rustfmt::skip]
pub(super) static DESCRIPTION_LABELS: Labels = Labels::new(&[
    "description", "product description", "item description", "about this item", "about this product",
    "details", "product details", "beschreibung", "produktbeschreibung", "artikelbeschreibung",
    "produktdetails", "description du produit", "descriptif", "descripción", "descripcion",
    "descripción del producto", "descrizione", "descrizione prodotto", "descrizione del prodotto", "opis",
    "opis produktu", "opis oferty", "opis przedmiotu", "omschrijving", "productomschrijving",
    "beschrijving", "productbeschrijving", "descrição", "descricao", "descrição do produto", "popis",
    "popis produktu", "popis zboží", "popis tovaru", "detailní popis", "podrobný popis", "descriere",
    "descriere produs", "descrierea produsului", "beskrivning", "produktbeskrivning", "beskrivelse",
    "produktbeskrivelse", "varebeskrivelse", "περιγραφή", "περιγραφη", "περιγραφή προϊόντος", "leírás",
    "termékleírás", "termék leírása", "részletes leírás", "описание", "описание на продукта",
    "описание товара", "о товаре", "опис", "опис товару", "kuvaus", "tuotekuvaus", "tuotteen kuvaus",
    "kirjeldus", "tootekirjeldus", "apraksts", "produkta apraksts", "aprašymas", "prekės aprašymas",
    "opis proizvoda", "opis izdelka", "açıklama", "ürün açıklaması", "商品説明", "商品描述", "상품설명",
]);

/// Labels of the category.
#[rustfmt::skip]
pub(super) static CATEGORY_LABELS: Labels = Labels::new(&[
    "category", "categories", "product category", "department", "kategorie", "kategorien", "warengruppe",
    "produktkategorie", "rubrik", "catégorie", "catégories", "rayon", "categoría", "categorías",
    "categoria", "categorie", "categorías del producto", "kategoria", "kategorie produktu", "rubriek",
    "categorieën", "categorias", "kategória", "kategóriák", "категория", "категории", "категорія",
    "категорії", "рубрика", "κατηγορία", "κατηγορίες", "kategori", "kategorier", "osasto", "kategoriat",
    "tuoteryhmä", "kategorija", "kategorije", "kategooria", "kategorijas", "kategorijos", "kategoriler",
    "カテゴリ", "分类",
]);

/// Labels of the product's name.
#[rustfmt::skip]
pub(super) static NAME_LABELS: Labels = Labels::new(&[
    "product", "product name", "name", "title", "item", "item name", "article", "produkt", "produktname",
    "artikel", "artikelname", "bezeichnung", "artikelbezeichnung", "nom", "produit", "nom du produit",
    "désignation", "producto", "nombre", "nombre del producto", "artículo", "prodotto", "nome",
    "nome prodotto", "articolo", "nazwa", "nazwa produktu", "przedmiot", "towar", "naam", "productnaam",
    "produto", "nome do produto", "artigo", "název", "název produktu", "název zboží", "zboží", "názov",
    "názov produktu", "tovar", "výrobek", "produs", "nume", "nume produs", "denumire", "denumire produs",
    "produktnamn", "namn", "benämning", "vara", "produktnavn", "navn", "vare", "varenavn", "προϊόν",
    "όνομα", "όνομα προϊόντος", "ονομασία", "είδος", "termék", "terméknév", "termék neve", "megnevezés",
    "név", "продукт", "име", "име на продукта", "наименование", "название", "товар", "назва",
    "найменування", "tuote", "tuotteen nimi", "nimi", "tuotenimi", "toode", "toote nimi", "nosaukums",
    "prece", "prekė", "pavadinimas", "naziv", "naziv proizvoda", "proizvod", "izdelek", "ime izdelka",
    "ürün", "ürün adı", "商品名", "商品名称", "상품명",
]);

/// Labels of the availability.
#[rustfmt::skip]
pub(super) static STOCK_LABELS: Labels = Labels::new(&[
    "availability", "stock", "stock status", "in stock", "status", "verfügbarkeit", "lieferbarkeit",
    "lagerbestand", "lieferstatus", "disponibilité", "disponibilidad", "disponibilità", "dostępność",
    "stan magazynowy", "beschikbaarheid", "voorraad", "disponibilidade", "dostupnost", "skladem",
    "dostupnosť", "disponibilitate", "stoc", "tillgänglighet", "lagerstatus", "lager", "på lager",
    "lagersaldo", "διαθεσιμότητα", "elérhetőség", "készlet", "raktárkészlet", "наличност", "наличие",
    "наявність", "saatavuus", "varastotilanne", "raspoloživost", "dostupnost", "zaloga", "saadavus",
    "laoseis", "pieejamība", "prieinamumas", "stok", "stok durumu", "在庫",
]);

/// Labels of who sells.
#[rustfmt::skip]
pub(super) static SELLER_LABELS: Labels = Labels::new(&[
    "seller", "sold by", "vendor", "merchant", "shop", "verkäufer", "anbieter", "verkauf durch",
    "verkauft von", "händler", "vendeur", "vendu par", "vendedor", "vendido por", "venditore", "venduto da",
    "sprzedawca", "sprzedający", "sprzedaje", "verkoper", "verkocht door", "vendido e entregue por",
    "prodejce", "prodává", "predajca", "predáva", "vânzător", "vanzator", "vândut de", "säljare",
    "säljs av", "sælger", "sælges af", "selger", "πωλητής", "πωλείται από", "eladó", "продавач", "продавец",
    "продавець", "myyjä", "prodavač", "prodavatelj", "prodajalec", "müüja", "pārdevējs", "pardavėjas",
    "satıcı", "販売元", "卖家", "판매자",
]);

/// Labels that also stand before other things: they count for less.
#[rustfmt::skip]
pub(super) static VAGUE_SKU_LABELS: Labels = Labels::new(&[
    "code", "style", "lot", "ref", "reference", "symbol", "référence", "referencia", "referência", "código",
    "codice", "kód", "код", "indeks", "id", "label",
]);

/// Labels of the brand, the surest first.
#[rustfmt::skip]
pub(super) static BRAND_LABELS: Labels = Labels::new(&[
    "brand", "brand name", "brand:", "marke", "marca", "marque", "merk", "marka", "бренд", "торговая марка",
    "торгова марка", "varumärke", "merke", "mærke", "brändi", "tuotemerkki", "značka", "márka", "марка",
    "μάρκα", "ブランド", "品牌", "브랜드", "מותג", "العلامة التجارية", "ماركة", "thương hiệu", "merek", "brend",
    "zīmols", "prekės ženklas", "prekinis ženklas", "kaubamärk", "bränd", "znamka", "manufacturer",
    "hersteller", "fabricante", "fabricant", "produttore", "fabrikant", "producent", "производитель",
    "виробник", "tillverkare", "produsent", "valmistaja", "výrobce", "výrobca", "gyártó", "producător",
    "producator", "производител", "κατασκευαστής", "üretici", "メーカー", "제조사", "יצרן", "proizvođač",
    "ražotājs", "gamintojas", "tootja", "maker", "editor", "publisher", "verlag", "label",
]);

/// Words that are looked for as parts of texts, all in one pass; ASCII letters in any case.
pub(super) struct Vocabulary {
    words: &'static [&'static str],
    finder: OnceLock<Option<AhoCorasick>>,
}

impl Vocabulary {
    pub(super) const fn new(words: &'static [&'static str]) -> Self {
        Self { words, finder: OnceLock::new() }
    }

    fn finder(&self) -> Option<&AhoCorasick> {
        let build = || AhoCorasick::builder().ascii_case_insensitive(true).build(self.words).ok();
        self.finder.get_or_init(build).as_ref()
    }

    /// Whether `text`, lower-cased beyond ASCII, holds one of the words.
    pub(super) fn in_text(&self, text: &str) -> bool {
        match self.finder() {
            Some(finder) => finder.is_match(text),
            None => any_in(text, self.words),
        }
    }

    /// Whether one of the words begins a part of a class name or id in `names`.
    pub(super) fn in_names(&self, names: &str) -> bool {
        self.finder().is_some_and(|finder| {
            finder.find_overlapping_iter(names).any(|found| begins_part(names, found.start(), found.len()))
        })
    }
}

/// Whether a word of `length` at byte `at` of a class name stands for itself: after `-`, `_`, space or at the front, in
/// `oldprice`, `priceold`, `pricewas`, or because it is long enough to be no accident.
pub(super) fn begins_part(names: &str, at: usize, length: usize) -> bool {
    let head = names.get(..at).unwrap_or("");
    length >= 6
        || head.chars().next_back().is_none_or(|c| !c.is_alphanumeric())
        || head.ends_with("price")
        || head.ends_with("preis")
}

/// Whether lower-cased `text` holds one of a few `words`.
pub(super) fn any_in(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Labels of one meaning.
pub(super) struct Labels {
    words: &'static [&'static str],
    keys: OnceLock<HashSet<&'static str>>,
}

impl Labels {
    const fn new(words: &'static [&'static str]) -> Self {
        Self { words, keys: OnceLock::new() }
    }

    /// Whether `key`, made by [`label`], is one of these.
    pub(super) fn has(&self, key: &str) -> bool {
        let keys = || self.words.iter().map(|word| word.trim_end_matches(['.', ':'])).collect();
        let keys: &HashSet<&str> = self.keys.get_or_init(keys);
        // "Article number (SKU)", "EAN (barcode)".
        let parts = key.split(['(', ')', '/']).map(|part| part.trim_matches([' ', '.', ':']));
        keys.contains(key)
            || (key.contains(['(', '/'])
                && parts.into_iter().any(|part| part.len() > 2 && keys.contains(part)))
    }
}

/// A label for comparison: lower case, without the colon and space after it.
pub(super) fn label(text: &str) -> String {
    text.trim().trim_end_matches([':', '：', ' ', '\u{A0}', '.']).trim().to_lowercase()
}
