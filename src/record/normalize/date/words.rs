//! Words of a written date: months, days of the week, ordinals, and what stands with dates and says nothing about the day.
//!
//! The words are CLDR's (English, German, French, Spanish, Italian, Dutch, Portuguese, Polish, Swedish, Danish, Norwegian, Finnish, Czech,
//! Irish, Welsh, Romanian, Hungarian, Turkish), in full and shortened, without accents. A word that is two months in two languages is none:
//! `listopada` is November in Poland and October in Croatia. A cell with it is unreadable, which is a gap; a wrong day would be none.

/// What a word of a date says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Month(i64),
    /// A month in one language and a day of the week in another (`mar.`): a month only where there is no other.
    MonthOrWeekday(i64),
    /// A day of the week, an article, a word for `o'clock`.
    Nothing,
}

/// The meaning of a word in small letters; none if it is not known.
pub(super) fn meaning(word: &[u8]) -> Option<Word> {
    if let Some(month) = twofold(word) {
        return Some(Word::MonthOrWeekday(month));
    }
    if let Some(month) = month(word) {
        return Some(Word::Month(month));
    }
    (is_weekday(word) || is_filler(word)).then_some(Word::Nothing)
}

/// Is this written after the number of a day: `1st`, `1er`, `4ydd`?
pub(super) fn is_ordinal(word: &[u8]) -> bool {
    matches!(
        word,
        b"st"
            | b"nd"
            | b"rd"
            | b"th"
            | b"er"
            | b"e"
            | b"eme"
            | b"o"
            | b"ste"
            | b"de"
            | b"af"
            | b"il"
            | b"ydd"
            | b"ed"
            | b"fed"
            | b"u"
    )
}

fn is_filler(word: &[u8]) -> bool {
    matches!(
        word,
        b"at"
            | b"on"
            | b"of"
            | b"the"
            | b"de"
            | b"del"
            | b"den"
            | b"der"
            | b"le"
            | b"um"
            | b"h"
            | b"kl"
            | b"klo"
            | b"uhr"
            | b"dydd"
            | b"feira"
            | b"fomhair"
            | b"r"
            | b"roku"
    )
}

fn is_weekday(word: &[u8]) -> bool {
    const ENGLISH: [&[u8]; 7] = [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];
    word.len() >= 3 && ENGLISH.iter().any(|day| day.starts_with(word)) || is_other_weekday(word)
}

/// Days of the week in other languages; with two letters those of German and Dutch.
fn is_other_weekday(word: &[u8]) -> bool {
    matches!(
        word,
        b"aoine"
            | b"car"
            | b"carsamba"
            | b"cead"
            | b"ceadaoin"
            | b"cmt"
            | b"csutortok"
            | b"ctvrtek"
            | b"cum"
            | b"cuma"
            | b"cumartesi"
            | b"czw"
            | b"czwartek"
            | b"dear"
            | b"deardaoin"
            | b"di"
            | b"dienstag"
            | b"dim"
            | b"dimanche"
            | b"dinsdag"
            | b"do"
            | b"dom"
            | b"domenica"
            | b"domh"
            | b"domhnaigh"
            | b"domingo"
            | b"donderdag"
            | b"donnerstag"
            | b"dum"
            | b"duminica"
            | b"dydd"
            | b"feira"
            | b"fr"
            | b"fre"
            | b"fredag"
            | b"freitag"
            | b"gio"
            | b"giovedi"
            | b"gwe"
            | b"gwen"
            | b"gwener"
            | b"haoine"
            | b"hetfo"
            | b"iau"
            | b"jeu"
            | b"jeudi"
            | b"joi"
            | b"jue"
            | b"jueves"
            | b"kedd"
            | b"keskiviikko"
            | b"keskiviikkona"
            | b"lauantai"
            | b"lauantaina"
            | b"llun"
            | b"lor"
            | b"lordag"
            | b"luain"
            | b"luan"
            | b"lundi"
            | b"lunedi"
            | b"lunes"
            | b"luni"
            | b"ma"
            | b"maanantai"
            | b"maanantaina"
            | b"maandag"
            | b"mairt"
            | b"man"
            | b"mandag"
            | b"mardi"
            | b"martedi"
            | b"martes"
            | b"marti"
            | b"mer"
            | b"mercher"
            | b"mercoledi"
            | b"mercredi"
            | b"mi"
            | b"mie"
            | b"miercoles"
            | b"miercuri"
            | b"mittwoch"
            | b"mo"
            | b"montag"
            | b"nedele"
            | b"nie"
            | b"niedz"
            | b"niedziela"
            | b"ons"
            | b"onsdag"
            | b"patek"
            | b"pazar"
            | b"pazartesi"
            | b"pentek"
            | b"per"
            | b"perjantai"
            | b"perjantaina"
            | b"persembe"
            | b"pia"
            | b"piatek"
            | b"pon"
            | b"pondeli"
            | b"poniedzialek"
            | b"pzt"
            | b"qua"
            | b"quarta"
            | b"qui"
            | b"quinta"
            | b"sa"
            | b"sab"
            | b"sabado"
            | b"sabato"
            | b"sad"
            | b"sadwrn"
            | b"sal"
            | b"sali"
            | b"sam"
            | b"sambata"
            | b"samedi"
            | b"samstag"
            | b"sath"
            | b"sathairn"
            | b"seg"
            | b"segunda"
            | b"sex"
            | b"sexta"
            | b"so"
            | b"sob"
            | b"sobota"
            | b"son"
            | b"sondag"
            | b"sonntag"
            | b"sro"
            | b"sroda"
            | b"streda"
            | b"sul"
            | b"sunnuntai"
            | b"sze"
            | b"szerda"
            | b"szo"
            | b"szombat"
            | b"ter"
            | b"terca"
            | b"tiistai"
            | b"tiistaina"
            | b"tir"
            | b"tirs"
            | b"tirsdag"
            | b"tis"
            | b"tisdag"
            | b"tor"
            | b"tors"
            | b"torsdag"
            | b"torstai"
            | b"torstaina"
            | b"utery"
            | b"vasarnap"
            | b"ven"
            | b"vendredi"
            | b"venerdi"
            | b"vie"
            | b"viernes"
            | b"vin"
            | b"vineri"
            | b"vr"
            | b"vrijdag"
            | b"wo"
            | b"woensdag"
            | b"wto"
            | b"wtorek"
            | b"za"
            | b"zaterdag"
            | b"zo"
            | b"zondag"
    )
}

fn twofold(word: &[u8]) -> Option<i64> {
    Some(match word {
        b"mar" | b"maw" | b"mawrth" => 3,
        b"lun" => 8,
        b"paz" => 10,
        _ => return None,
    })
}

/// English in full or from the third letter on, other languages in full and as they are shortened.
fn month(word: &[u8]) -> Option<i64> {
    const ENGLISH: [&[u8]; 12] = [
        b"january",
        b"february",
        b"march",
        b"april",
        b"may",
        b"june",
        b"july",
        b"august",
        b"september",
        b"october",
        b"november",
        b"december",
    ];
    if word.len() >= 3
        && let Some(at) = ENGLISH.iter().position(|month| month.starts_with(word))
    {
        return i64::try_from(at + 1).ok();
    }
    Some(match word {
        b"ean" | b"eanair" | b"ene" | b"enero" | b"gen" | b"gennaio" | b"ian" | b"ianuarie" | b"ion" | b"ionawr" | b"jaenner"
        | b"janeiro" | b"janner" | b"januari" | b"janv" | b"janvier" | b"led" | b"leden" | b"ledna" | b"oca" | b"ocak"
        | b"sty" | b"styczen" | b"stycznia" | b"tammi" | b"tammikuu" | b"tammikuuta" => 1,
        b"chw" | b"chwef" | b"chwefror" | b"feabh" | b"feabhra" | b"febbraio" | b"febrero" | b"februari" | b"februarie"
        | b"fev" | b"fevereiro" | b"fevr" | b"fevrier" | b"helmi" | b"helmikuu" | b"helmikuuta" | b"lut" | b"lutego"
        | b"luty" | b"sub" | b"subat" | b"uno" | b"unor" | b"unora" => 2,
        b"bre" | b"brezen" | b"brezna" | b"maalis" | b"maaliskuu" | b"maaliskuuta" | b"maart" | b"maerz" | b"marca"
        | b"marcius" | b"marco" | b"mars" | b"mart" | b"marta" | b"martie" | b"marts" | b"marz" | b"marzec" | b"marzo"
        | b"maw" | b"mawrth" | b"mrt" => 3,
        b"abr" | b"abril" | b"aib" | b"aibrean" | b"aprile" | b"aprilie" | b"aprilis" | b"avr" | b"avril" | b"dub" | b"duben"
        | b"dubna" | b"ebr" | b"ebrill" | b"huhti" | b"huhtikuu" | b"huhtikuuta" | b"kwi" | b"kwiecien" | b"kwietnia"
        | b"nis" | b"nisan" => 4,
        b"beal" | b"bealtaine" | b"kve" | b"kveten" | b"kvetna" | b"mag" | b"maggio" | b"mai" | b"maio" | b"maj" | b"maja"
        | b"majus" | b"mayis" | b"mayo" | b"mei" | b"touko" | b"toukokuu" | b"toukokuuta" => 5,
        b"cerven" | b"cervna" | b"cen" | b"cvn" | b"cze" | b"czerwca" | b"czerwiec" | b"giu" | b"giugno" | b"haz"
        | b"haziran" | b"iun" | b"iunie" | b"juin" | b"junho" | b"juni" | b"junio" | b"junius" | b"kesa" | b"kesakuu"
        | b"kesakuuta" | b"meh" | b"mehefin" | b"meith" | b"meitheamh" => 6,
        b"cec" | b"cervence" | b"cervenec" | b"cvc" | b"gor" | b"gorff" | b"gorffennaf" | b"heina" | b"heinakuu"
        | b"heinakuuta" | b"iuil" | b"iul" | b"iulie" | b"juil" | b"juill" | b"juillet" | b"julho" | b"juli" | b"julio"
        | b"julius" | b"lipca" | b"lipiec" | b"lug" | b"luglio" | b"tem" | b"temmuz" => 7,
        b"ago" | b"agosto" | b"agu" | b"agustos" | b"aout" | b"augusti" | b"augustus" | b"augusztus" | b"awst" | b"elo"
        | b"elokuu" | b"elokuuta" | b"lun" | b"lunasa" | b"sie" | b"sierpien" | b"sierpnia" | b"srpen" | b"srpna" => 8,
        b"eyl" | b"eylul" | b"mean" | b"medi" | b"mfomh" | b"septembre" | b"septembrie" | b"septiembre" | b"set"
        | b"setembro" | b"settembre" | b"syys" | b"syyskuu" | b"syyskuuta" | b"szept" | b"szeptember" | b"wrz" | b"wrzesien"
        | b"wrzesnia" | b"zar" | b"zari" => 9,
        b"deireadh" | b"dfomh" | b"eki" | b"ekim" | b"hyd" | b"hydref" | b"loka" | b"lokakuu" | b"lokakuuta" | b"octobre"
        | b"octombrie" | b"octubre" | b"okt" | b"oktober" | b"ott" | b"ottobre" | b"out" | b"outubro" | b"paz"
        | b"pazdziernik" | b"pazdziernika" | b"rij" | b"rijen" | b"rijna" => 10,
        b"kas" | b"kasim" | b"listopadu" | b"marras" | b"marraskuu" | b"marraskuuta" | b"noiembrie" | b"novembre"
        | b"novembro" | b"noviembre" | b"samh" | b"samhain" | b"tach" | b"tachwedd" => 11,
        b"ara" | b"aralik" | b"decembre" | b"decembrie" | b"des" | b"desember" | b"dez" | b"dezember" | b"dezembro" | b"dic"
        | b"dicembre" | b"diciembre" | b"gru" | b"grudnia" | b"grudzien" | b"joulu" | b"joulukuu" | b"joulukuuta" | b"noll"
        | b"nollaig" | b"pro" | b"prosince" | b"prosinec" | b"rhag" | b"rhagfyr" => 12,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_weekdays_may_be_shortened() {
        for (word, number) in [("jan", 1), ("sept", 9), ("december", 12), ("dez", 12), ("aout", 8), ("may", 5), ("listopadu", 11)]
        {
            assert_eq!(meaning(word.as_bytes()), Some(Word::Month(number)), "{word}");
        }
        for word in ["tues", "mittwoch", "de"] {
            assert_eq!(meaning(word.as_bytes()), Some(Word::Nothing), "{word}");
        }
        assert_eq!(meaning(b"mar"), Some(Word::MonthOrWeekday(3)));
        for word in ["ja", "janet", "tu", "tuesdays", "listopada"] {
            assert_eq!(meaning(word.as_bytes()), None, "{word}");
        }
    }
}
