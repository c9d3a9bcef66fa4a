//! Names of mothers in the United Kingdom: given and family names by origin, in order of frequency, drawn with Zipf-like weights.
//!
//! The order within a list is a guess at frequency, not a statistic. The listed family names cover about half of the English;
//! the long tail is composed of a place's stem and ending, as many such names once were.

use crate::demo::area::Nation;
use crate::demo::random::Random;
use crate::demo::random::Weighted;

/// Where a name comes from, as an index into [`LISTS`].
type Origin = usize;

/// Shares of the origins among mothers of a nation, in per mille and in the order of [`LISTS`].
const fn mixture(nation: Nation) -> [u32; 8] {
    match nation {
        Nation::England => [740, 40, 30, 50, 60, 35, 25, 20],
        Nation::Scotland => [430, 440, 15, 50, 20, 10, 27, 8],
        Nation::Wales => [540, 20, 370, 25, 15, 8, 17, 5],
        Nation::NorthernIreland => [400, 160, 10, 390, 5, 5, 25, 5],
    }
}

/// Given and family names of each origin: English, Scottish, Welsh, Irish, South Asian (Muslim), Indian, Polish, West African.
const LISTS: [(&str, &str); 8] = [
    (ENGLISH_GIVEN, ENGLISH_FAMILY),
    (SCOTTISH_GIVEN, SCOTTISH_FAMILY),
    (WELSH_GIVEN, WELSH_FAMILY),
    (IRISH_GIVEN, IRISH_FAMILY),
    (MUSLIM_GIVEN, MUSLIM_FAMILY),
    (INDIAN_GIVEN, INDIAN_FAMILY),
    (POLISH_GIVEN, POLISH_FAMILY),
    (AFRICAN_GIVEN, AFRICAN_FAMILY),
];

const ENGLISH_GIVEN: &str = "Sarah Emma Laura Claire Rebecca Gemma Rachel Charlotte Victoria Lisa Samantha Jessica Amy Hannah
    Kelly Louise Sophie Katie Lauren Natalie Nicola Michelle Emily Stephanie Lucy Kate Helen Danielle Leanne Katherine Jennifer
    Holly Chloe Zoe Kerry Elizabeth Hayley Stacey Joanne Lindsey Megan Amanda Alice Donna Catherine Melissa Anna Vicky Jenna
    Cheryl Tracy Karen Julie Georgina Kirsty Naomi Abigail Eleanor Bethany Jodie Heather Paula Alexandra Natasha Melanie
    Caroline Ruth Fiona Rosie Jade Kimberley Georgia Sally Carly Tanya Becky Kathryn Angela Clare Dawn Lydia Tara Anne Jane
    Maria Marie Suzanne Alison Susan Jacqueline Debbie Deborah Andrea Sharon Wendy Olivia Ellie Grace Harriet Molly Lily Paige
    Shannon Courtney Jasmine Francesca Amelia Ella Daisy Poppy Imogen Isabel Isabelle Phoebe Beth Ellen Faye Leah Toni Terri
    Gail Gillian Hazel Heidi Jemma Joanna Josephine Judith Julia Kara Karina Katharine Katy Kayleigh Keeley Kim Kirstie Lara
    Leila Lianne Lorna Lorraine Lynsey Lyndsey Madeleine Marianne Martina Mary Maxine Mia Miranda Nadia Nadine Nancy Natalia
    Niki Nina Pamela Patricia Penelope Philippa Rosemary Rosalind Ruby Sabrina Sadie Sandra Sara Selina Shelley Sheryl Simone
    Sonia Stella Summer Susannah Tamara Tamsin Tania Teresa Theresa Tiffany Tina Tracey Trudy Vanessa Verity Zara Zoë Chloë
    Abbie Adele Alana Alexa Alicia Alisha Amber Amie Anita Annabel Annette Antonia April Ashleigh Ashley Aimee Beatrice Belinda
    Bernadette Beverley Billie Bonnie Bridget Bryony Candice Cara Carla Carol Casey Cassandra Celia Charlene Chantelle Charmaine
    Cherie Cherry Christina Christine Cindy Claudia Connie Cordelia Daniela Daphne Demi Denise Diana Eden Edith Elaine Eliza
    Eloise Elsie Esme Esther Eva Eve Evie Felicity Fern Flora Florence Freya Frances Gabrielle Gaynor Geraldine Ginny Gwen
    Helena Hollie Honor Ivy Jacinta Janet Janine Jean Jeanette Jill Jo Jody Joy Juliet Juliette Justine Karly Keira Kellie Lacey
    Layla Leigh Lena Lesley Linda Liz Lois Lottie Lynne Mandy Margaret Martha Maddison Marcella Meghan Mel Mollie Monica Nell
    Nicole Nikki Odette Pippa Polly Rhea Robyn Rosa Rose Roxanne Sally-Ann Sarah-Jane Scarlett Serena Shona Sian Skye Sophia
    Stacy Storm Sylvia Tess Thea Tilly Toyah Una Ursula Violet Willow Yasmin Yvonne";

const ENGLISH_FAMILY: &str = "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker
    White Roberts Green Hall Wood Jackson Clarke Clark Harrison Turner Hill Cooper Ward Moore Morris King Watson Baker Harris
    Morgan Young Allen Lee Mitchell James Parker Bennett Shaw Cook Phillips Richardson Miller Carter Marshall Davis Simpson
    Price Bell Collins Adams Webb Chapman Mills Rogers Knight Richards Holmes Palmer Stevens Barker Hunt Powell Matthews Fisher
    Butler Dixon Harvey Pearson Fletcher Mason Lloyd Gibson Barnes Andrews Ellis Foster Ford Lewis Martin Thomas Edwards Hughes
    Cox Ryder Brooks Saunders West Reynolds Day Payne Poole Walsh Wells Bradley Spencer Lawrence Dawson Porter Watts Hudson Cole
    Burton Gardner Grant Newman Pearce Nicholson Hawkins Rose Booth Atkinson Gill Field Holland Barrett Reed Read Woods Francis
    Hart Berry Kay Howard Stone Long Dean Perry Armstrong Bailey Ball Banks Barber Barton Bates Baxter Beaumont Bird Bishop
    Black Blackburn Bolton Bond Bowen Bradshaw Brady Bray Briggs Bryant Buckley Bull Burgess Burke Burns Burrows Byrne Carpenter
    Carr Chambers Charlton Clayton Coates Cohen Coleman Connor Cooke Corbett Cross Crossley Cunningham Curtis Dale Daniels
    Dobson Doyle Duffy Dunn Dyer Eaton Elliott Emery English Farmer Farrell Faulkner Fenton Finch Flynn Forster Fowler Fox
    Franklin Freeman French Frost Fuller Gallagher Garner Garrett George Gibbons Gibbs Gilbert Giles Glover Goddard Godfrey
    Goodwin Gordon Gough Gould Graham Gray Greenwood Gregory Griffin Hale Hammond Hancock Hanson Harding Hardy Harper Hartley
    Hayes Haynes Heath Henderson Herbert Hewitt Hicks Higgins Hilton Hobbs Hodgson Holden Holloway Holt Hooper Hope Hopkins
    Horton Houghton Howarth Howe Howell Humphries Hutchinson Hyde Ingram Jarvis Jenkins Jennings Johnston Jordan Kemp Kennedy
    Kent Kerr Kirby Kirk Knowles Lamb Lambert Lane Law Lawson Leach Leonard Little Lord Lowe Lucas Lynch Manning Marsh Marsden
    May Mellor Metcalfe Middleton Miles Morley Morton Moss Mottram Myers Nash Naylor Nelson Newton Nixon Noble Nolan Norman
    Norris North Norton Oliver Osborne Owen Page Parkes Parkin Parkinson Parry Parsons Patterson Peacock Perkins Peters
    Pickering Pike Potter Potts Pratt Preston Pritchard Pugh Quinn Ramsden Randall Rawlings Reeves Reid Rhodes Rice Riley Robson
    Rowe Rowley Russell Sanders Sanderson Savage Schofield Scott Sharp Shepherd Sheppard Short Simmons Sims Skinner Slater Smart
    Stephens Stephenson Stevenson Stokes Storey Summers Sutton Swift Sykes Talbot Tate Thornton Thorpe Todd Tomlinson Townsend
    Tucker Tyler Underwood Vaughan Vincent Wade Walters Walton Warner Warren Waters Watkins Weaver Webster Welch Wheeler
    Whitehead Whitehouse Whittaker Wilkins Wilkinson Willis Winter Woodward Wyatt Yates Abbott Ainsworth Akhurst Aldridge Allsop
    Appleby Archer Arnold Ashby Ashton Aston Atherton Austin Ayres Babbage Bagshaw Baines Baldwin Bamford Barlow Barnett Barron
    Batchelor Beck Beech Benson Bentley Best Bevan Binns Birch Blake Bloom Blythe Boardman Boyce Bradbury Braithwaite Bridges
    Bright Bristow Broadbent Bromley Brook Broughton Browne Buck Bunting Burnett Burrell Bushell Butcher Calvert Carey Carlisle
    Carroll Cartwright Castle Catlin Cawthorne Chadwick Chance Chandler Cheetham Church Clegg Clements Cliff Clifford Clough Coe
    Connolly Conway Copeland Corner Cotton Cousins Coward Crabtree Craven Crawford Croft Crook Crosby Crouch Crowther Cullen
    Dalton Darby Davenport Davey Davison Deakin Denham Denton Dickinson Doherty Downes Drake Draper Drew Driver Dudley Duncan
    Dunne Eastwood Edmonds Elliot Emmerson Everett Fairclough Farrow Fearn Fielding Firth Fitton Fleming Forbes Forrest Franks
    Fry Gale Garland Gates Gee Gilmour Golding Goodall Goodman Gorman Grainger Greaves Greenhalgh Grice Grimshaw Groves Hackett
    Haigh Halliday Hallam Halstead Hampson Hargreaves Harker Harland Harrington Hartshorn Harwood Haslam Hastings Hawes Hayward
    Hebden Heaton Helliwell Hemmings Hibbert Higson Hindle Hinchliffe Hirst Hoare Hodge Hodgkinson Hogg Holdsworth Hollis
    Hollins Horne Horsfall Hulme Hurst Illingworth Isherwood Jacobs Jagger Jeffries Jessop Jobling Keeling Kendall Kershaw
    Kilburn Kitchen Lacey Laing Langley Latham Leigh Lever Lister Livesey Lockwood Lomax Longden Lumb Mallinson Mann Maple
    Mather Mawson Mead Mercer Merritt Midgley Milner Moody Moorhouse Mortimer Mould Muir Naughton Neal Needham Nield Nightingale
    Nuttall Oakley Oates Ogden Oldfield Openshaw Orme Paget Parr Partridge Pascoe Pask Pendleton Penrose Pickles Pilkington
    Plant Platt Pollard Pollitt Prescott Prince Proctor Radcliffe Ramsbottom Rathbone Redfern Rigby Rimmer Ripley Rowbotham
    Rushton Rutter Sampson Seddon Sharples Sherwood Shipley Shore Sidebottom Singleton Skelton Sleath Smalley Southern Speight
    Spooner Standish Stanley Stansfield Steele Stott Stringer Stubbs Sugden Sumner Sutcliffe Swain Sweeney Tattersall Thackray
    Thirkell Tinker Tordoff Travis Turnbull Tyson Unsworth Varley Venables Waddington Wainwright Wakefield Walmsley Wardle
    Waterhouse Whalley Wharton Whitaker Whitworth Wignall Wild Wilde Wildman Winstanley Wolstenholme Woodhouse Woodcock Worrall
    Worthington";

const SCOTTISH_GIVEN: &str = "Kirsty Fiona Eilidh Catriona Lynsey Gillian Morag Ailsa Isla Mhairi Shona Kirsten Iona Rhona Lorna
    Heather Elaine Pamela Karen Laura Claire Nicola Emma Jennifer Lesley Louise Sheena Aileen Alison Jill Leanne Lisa Michelle
    Rachel Sarah Siobhan Susan Victoria Amy Ainsley Arlene Beth Callie Caitlin Carrie Ealasaid Effie Elspeth Eve Flora Freya
    Greer Innes Isobel Jean Katrina Kenna Lindsay Mairi Marsaili Maisie Moira Muriel Oighrig Rhian Roslyn Senga Seonaid Skye Una";

const SCOTTISH_FAMILY: &str = "Smith Campbell MacDonald Stewart Robertson Thomson Anderson Scott Reid Murray Clark Ross Morrison
    Watson Paterson Young Mitchell Walker Fraser Miller McDonald Gray Henderson Hamilton Johnston Duncan Graham Ferguson Kerr
    Davidson Bell Cameron Kelly Martin Hunter Allan Mackenzie Grant Simpson MacKay Black McLean MacLeod Wallace Russell Marshall
    Gibson Kennedy Gordon Burns Sutherland Craig Stevenson Wood Munro Milne Watt Sinclair Christie Muir McKenzie Wilson Crawford
    Sharp Jamieson McMillan Millar McKay Boyle Docherty Cunningham Dickson Donaldson Douglas Drummond Baird Aitken Bruce
    Buchanan Boyd Bain Barclay Currie Dunlop Findlay Fleming Forsyth Galbraith Gilchrist Gillespie Guthrie Hay Hendry Innes
    Irvine Laird Lamont Leslie Lindsay Lockhart Logan MacArthur MacAulay MacDougall MacFarlane MacGregor MacInnes MacIntyre
    MacIver MacKinnon MacLachlan MacLennan MacNeil MacPherson MacRae McAllister McCallum McColl McCulloch McGhee McGregor
    McInally McIntosh McIntyre McKinnon McNab McNeill McPhee McPherson McVey Melville Menzies Moffat Mowat Napier Nicol Ogilvie
    Orr Pirie Rae Ramsay Rankin Rennie Ritchie Shearer Skene Spence Strachan Struthers Tait Telfer Urquhart Weir";

const WELSH_GIVEN: &str = "Siân Rhian Cerys Bethan Carys Ffion Megan Catrin Nia Angharad Lowri Eleri Gwen Rhiannon Elin Mari
    Sioned Sara Hannah Emma Sarah Claire Rachel Kelly Laura Donna Nerys Delyth Eirlys Elen Eluned Ceri Branwen Bronwen Anwen
    Awen Betsan Efa Eira Glenys Gwenllian Gwenno Haf Heledd Llinos Llio Luned Mair Manon Meinir Menna Mererid Morfydd Myfanwy
    Nesta Non Olwen Rhianedd Sian Siwan Tegan Tegwen Teleri";

const WELSH_FAMILY: &str = "Jones Davies Williams Evans Thomas Roberts Lewis Hughes Morgan Griffiths Edwards Owen James Morris
    Price Rees Phillips Jenkins Harris Richards Powell Lloyd Parry Watkins Howells Bowen Pritchard Ellis Humphreys Vaughan Davis
    Hopkins John Llewellyn Pugh Bevan Prosser Probert Walters George Francis Matthews Gwynne Gwilym Meredith Meyrick Mostyn
    Nicholas Pryce Rhys Rowlands Samuel Treharne Tudor Wynne Beynon Bebb Cadwallader Craddock Daniel Eynon Gethin Glyn Goronwy
    Harries Hopkin Ithell Jarman Kyffin Lougher Maddocks Penry Picton Sayce Trahearn Tregaskis Yorath";

const IRISH_GIVEN: &str = "Aoife Ciara Niamh Sinéad Siobhán Róisín Gráinne Caoimhe Orla Bronagh Aisling Maeve Deirdre Fionnuala
    Clodagh Eimear Emer Mairead Noreen Nuala Sorcha Bríd Catríona Clíona Colleen Dervla Eileen Emma Sarah Laura Claire Kelly
    Michelle Louise Kathleen Geraldine Bernadette Patricia Teresa Majella Oonagh Una Shauna Shannon Tara Sheila Saoirse Ríona
    Muireann Méabh Kerrie Imelda Fidelma Éilis Étaín Dearbhla Brenda Áine Ailbhe";

const IRISH_FAMILY: &str = "Murphy Kelly O'Sullivan Walsh Smith O'Brien Byrne Ryan O'Connor O'Neill O'Reilly Doyle McCarthy
    Gallagher Doherty Kennedy Lynch Murray Quinn Moore McLaughlin O'Carroll Connolly Daly O'Connell Wilson Dunne Brennan Burke
    Collins Campbell Clarke Johnston Hughes O'Farrell Fitzgerald Brown Martin Maguire Nolan Flynn Thompson O'Callaghan O'Donnell
    Duffy O'Mahony Boyle Healy O'Shea White Sweeney Hayes Kavanagh Power McGrath Moran Brady Stewart Casey Foley Fitzpatrick
    O'Leary McDonnell McMahon Donnelly Regan Donovan Burns Flanagan Mullan Barry Kane Robinson Cunningham Griffin Kenny Sheehan
    Ward Whelan Lyons Reid Graham Higgins Cullen Keane King Maher McKenna Bell Scott Hogan O'Keeffe Magee McNamara McDonald
    McDermott Molony O'Rourke Buckley O'Dwyer McAuley McAleer McAteer McCann McCartan McCavana McConville McCusker McElroy
    McGarvey McGinley McGovern McGuigan McIlroy McKeever McKeown McManus McNally McNulty McParland McShane McVeigh Devlin Devine
    Toner Tohill Trainor Rafferty Rooney Loughran Lavery Heaney Haughey Hegarty Grogan Gormley Gilmore Diver Deeny Curran Coyle
    Convery";

const MUSLIM_GIVEN: &str = "Aisha Fatima Zainab Saima Nadia Shazia Sadia Samina Rukhsana Nasreen Shabana Farzana Sana Maryam
    Amina Khadija Sumaiya Hafsa Ayesha Iram Uzma Rabia Mehwish Tahira Naila Bushra Asma Rehana Shaheen Yasmin Zahra Noor Nazia
    Parveen Razia Robina Rubina Sabina Safia Saira Sajida Salma Shamim Sobia Sofia Tasneem Tayyaba Zara Zeenat Farah Faiza Fozia
    Halima Hina Humaira Iqra Javeria Kiran Lubna Mahnoor Mariam Misbah Nabila Naheed Nargis Nusrat Nasima Rahima Rina Rowshan
    Runa Sultana Taslima Jahanara Monowara Hasina Anwara Ruksana";

const MUSLIM_FAMILY: &str = "Khan Begum Ahmed Hussain Ali Akhtar Bibi Khatun Malik Iqbal Mahmood Shah Miah Uddin Rahman Islam
    Choudhury Mirza Butt Hassan Rashid Aslam Sheikh Raja Qureshi Javed Anwar Bashir Nawaz Riaz Yousaf Zaman Siddique Saleem
    Hamid Haque Kausar Parveen Sultana Khanum Aziz Latif Karim Chaudhry Chowdhury Abbas Abbasi Akram Alam Amin Ansari Arshad
    Ashraf Awan Baig Bhatti Dar Farooq Ghani Habib Hanif Haider Hashmi Hossain Ilyas Jabbar Jamil Kazmi Khalid Khalil Khatoon
    Majid Mannan Masood Mehmood Mughal Munir Mustafa Naeem Nasir Nazir Pervez Quddus Rafiq Raza Rehman Sadiq Saeed Shafiq Sharif
    Syed Tariq Talukdar Usman Wahid Waseem Yaqub Younis Zafar Zia";

const INDIAN_GIVEN: &str = "Priya Anjali Neha Pooja Manpreet Harpreet Kiran Sunita Meena Rekha Reena Seema Sonia Shilpa Deepa
    Nisha Rupal Hina Bhavna Jasmine Simran Navdeep Amandeep Rajinder Gurpreet Baljit Sukhjit Jaspreet Kuldip Parminder Ravinder
    Sandeep Satvinder Kamaljit Anita Asha Divya Geeta Jyoti Kavita Komal Lakshmi Lata Madhu Mala Manisha Nita Nikita Padma
    Preeti Radhika Rashmi Ritu Roopa Sangita Sapna Sarita Shanti Shreya Smita Sneha Sushma Swati Tejal Trupti Usha Vandana
    Varsha Vidya Tharani Nirmala Sivagami";

const INDIAN_FAMILY: &str = "Patel Kaur Singh Shah Sharma Gill Mistry Desai Joshi Kumar Mehta Parmar Chauhan Sandhu Dhillon
    Sidhu Bains Grewal Dhaliwal Johal Sohal Rai Bhogal Virdee Sangha Atwal Basra Chana Kapoor Gupta Verma Reddy Rao Nair Menon
    Pillai Iyer Das Bose Sen Ghosh Banerjee Mukherjee Chatterjee Lad Solanki Thakkar Vyas Modi Trivedi Pandya Bhatt Chavda
    Gandhi Gohil Hirani Kerai Lakhani Makwana Pindoria Popat Raja Rathod Sodha Tailor Vaghela Varsani Agarwal Ahluwalia Arora
    Bedi Bhatia Chopra Dutta Fernandes D'Souza Gomes Jain Khanna Malhotra Nagra Pereira Sethi Uppal Sivakumar Perera Silva";

const POLISH_GIVEN: &str = "Anna Katarzyna Agnieszka Magdalena Małgorzata Monika Joanna Ewa Aleksandra Natalia Karolina Justyna
    Marta Sylwia Paulina Aneta Beata Barbara Dorota Edyta Elżbieta Emilia Ewelina Gabriela Halina Ilona Iwona Izabela Jolanta
    Julia Kamila Kinga Klaudia Kornelia Lidia Maria Marlena Marzena Milena Olga Patrycja Renata Sandra Sabina Teresa Urszula
    Weronika Wioletta Zofia Żaneta Cristina Elena Ioana Mihaela Andreea Rasa Jurgita Inga Ilze Petra Zuzana Lucie Eszter Mónika
    Desislava";

const POLISH_FAMILY: &str = "Nowak Kowalska Wiśniewska Wójcik Kowalczyk Kamińska Lewandowska Zielińska Szymańska Woźniak
    Dąbrowska Kozłowska Jankowska Mazur Kwiatkowska Krawczyk Kaczmarek Piotrowska Grabowska Pawłowska Michalska Król Zając
    Wieczorek Jabłońska Wróbel Nowakowska Majewska Olszewska Stępień Malinowska Jaworska Adamczyk Dudek Nowicka Pawlak Górska
    Witkowska Sikora Walczak Baran Rutkowska Michalak Szewczyk Ostrowska Tomaszewska Pietrzak Zalewska Wróblewska Marciniak
    Jasińska Zawadzka Bąk Jakubowska Sadowska Duda Włodarczyk Chmielewska Borkowska Sokołowska Szczepańska Sawicka Kucharska Lis
    Maciejewska Kubiak Kalinowska Popescu Ionescu Popa Dumitru Stan Gheorghe Petrauskienė Kazlauskienė Bērziņa Kovács Nagy Tóth
    Novák Nováková Svoboda Horváth Dimitrova Ivanova Georgieva";

const AFRICAN_GIVEN: &str = "Grace Blessing Chioma Ngozi Funmilayo Oluwaseun Adaeze Abimbola Folake Temitope Yetunde Titilayo
    Bukola Bolanle Ifeoma Chinwe Nneka Uche Amaka Ebele Joy Patience Comfort Mercy Esther Ruth Abena Akosua Ama Efua Adwoa Yaa
    Afia Akua Adjoa Fatou Mariama Aminata Hawa Kadiatu Isatu Tendai Rumbidzai Chipo Nyasha Tsitsi Thandiwe Nomvula Sibongile
    Wanjiru Wambui Akinyi Hodan Ifrah Hibo Sagal Selam Hiwot Tigist Precious Charity Gloria Victoria Omolara Ronke";

const AFRICAN_FAMILY: &str = "Okafor Adeyemi Mensah Okeke Owusu Adebayo Eze Boateng Okoro Balogun Osei Obi Nwosu Asante Ogunleye
    Appiah Okonkwo Adeleke Amoah Afolabi Agyeman Ajayi Akinola Akintola Alabi Amadi Anyanwu Asamoah Ayodele Bangura Bello Chukwu
    Conteh Danquah Diallo Ekwueme Emeka Fashola Gyamfi Ibrahim Igwe Iwu Kamara Koroma Lawal Mbeki Moyo Ncube Ndlovu Sibanda Dube
    Nkrumah Nnadi Nwachukwu Nyamekye Obasi Odunsi Ofori Ogbonna Ojo Oke Okon Okoye Oladipo Olaniyan Olawale Onuoha Onyango Opoku
    Osman Oyelaran Sarpong Sesay Tetteh Udo Uzoma Wanjiku Yeboah Abdi Hassan Mohamed Warsame Tesfaye Gebremedhin Mwangi Otieno
    Kariuki";

/// Beginnings of English place names, for the long tail of family names.
const STEMS: &[&str] = &[
    "Ash", "Ald", "Al", "Amber", "Apple", "Arm", "Bag", "Bar", "Beck", "Berk", "Birch", "Black", "Bos", "Bram", "Brack", "Brad",
    "Brink", "Brom", "Buck", "Burn", "Cal", "Cars", "Chat", "Chis", "Clap", "Clif", "Cob", "Cor", "Cran", "Craw", "Crow", "Dar",
    "Den", "Dil", "Dun", "East", "Ed", "Ell", "Elm", "Ever", "Far", "Fen", "Fin", "Fos", "Gar", "Gold", "Gran", "Grim", "Had",
    "Hal", "Ham", "Har", "Hart", "Hather", "Hazel", "Heath", "High", "Hol", "Horn", "Hux", "Kel", "Kens", "Kil", "Lang", "Lar",
    "Lin", "Long", "Lud", "Mar", "Mel", "Mil", "Nor", "Oak", "Old", "Or", "Pem", "Pen", "Pres", "Raven", "Red", "Ros", "Rush",
    "Sal", "Sel", "Shel", "Sher", "Silver", "Stan", "Stain", "Stock", "Sut", "Swin", "Thorn", "Thirl", "Tun", "Wal", "Warm",
    "Wes", "Whit", "Win", "Wood", "Wor", "Wyn", "Yar",
];

/// Endings of English place names, for the long tail of family names.
const ENDINGS: &[&str] = &[
    "ton", "ley", "worth", "ford", "well", "field", "bury", "combe", "den", "don", "ham", "wick", "wood", "shaw", "stead", "by",
    "thwaite", "bridge", "brook", "croft", "dale", "gate", "grave", "hurst", "land", "low", "man", "mere", "more", "ridge",
    "row", "side", "stone", "tree", "water", "way",
];

/// A mother's name as she signs up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// `Mrs`, `Miss`, `Ms`, `Dr`, or empty where she gave none.
    pub(crate) title: &'static str,
    pub(crate) given: &'static str,
    pub(crate) family: String,
}

/// The lists of names with their weights.
#[derive(Debug)]
pub(crate) struct Names {
    given: Vec<(Vec<&'static str>, Weighted)>,
    family: Vec<(Vec<&'static str>, Weighted)>,
    origins: [Weighted; 4],
    tail: Weighted,
}

impl Names {
    /// Reads the lists.
    pub(crate) fn new() -> Names {
        let list = |text: &'static str, shift| {
            let names: Vec<&'static str> = text.split_whitespace().collect();
            let weights = Weighted::zipf(names.len(), shift);
            (names, weights)
        };
        Names {
            given: LISTS.iter().map(|(given, _)| list(given, 10)).collect(),
            family: LISTS.iter().map(|(_, family)| list(family, 20)).collect(),
            origins: [Nation::England, Nation::Scotland, Nation::Wales, Nation::NorthernIreland]
                .map(|nation| Weighted::new(mixture(nation))),
            tail: Weighted::zipf(STEMS.len() * ENDINGS.len(), 400),
        }
    }

    /// Draws a name as they occur in a nation. Most people's two names have one origin; some married into another.
    pub(crate) fn draw(&self, nation: Nation, random: &mut Random) -> Name {
        let origins = &self.origins[nation as usize];
        let own = origins.draw(random);
        let married = if random.permille(150) { origins.draw(random) } else { own };
        let title = match random.below(100) {
            0..54 => "Mrs",
            54..78 => "Miss",
            78..95 => "Ms",
            95 => "Dr",
            _ => "",
        };
        let (given, weights) = &self.given[own];
        let given = given[weights.draw(random)];
        let mut family = self.family(married, random);
        if random.permille(35) {
            let second = self.family(origins.draw(random), random);
            if second != family {
                family.push('-');
                family.push_str(&second);
            }
        }
        Name { title, given, family }
    }

    fn family(&self, origin: Origin, random: &mut Random) -> String {
        if origin == 0 && random.permille(450) {
            // Rank and spelling have nothing to do with each other: 1009 is prime, so this visits every pair of stem and ending
            // once.
            let pair = self.tail.draw(random) * 1009 % (STEMS.len() * ENDINGS.len());
            return [STEMS[pair / ENDINGS.len()], ENDINGS[pair % ENDINGS.len()]].concat();
        }
        let (names, weights) = &self.family[origin];
        names[weights.draw(random)].to_owned()
    }
}
